// The browser's storage; where it is forbidden or absent, memory stands in and the page works until it is closed.
import type { KeyValue } from '@verbatim/client';

export const lasting = usable(() => localStorage);
export const ofThisTab = usable(() => sessionStorage);

function usable(storage: () => Storage): KeyValue {
  try {
    storage().removeItem('verbatim.probe'); // a forbidden storage throws here
    return storage();
  } catch {
    return inMemory();
  }
}

function inMemory(): KeyValue {
  const values = new Map<string, string>();
  return {
    get length() { return values.size; },
    key: (index) => [...values.keys()][index] ?? null,
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}
