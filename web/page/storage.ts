// The browser's storage. What it does not take, for it is full, forbidden or absent, lives as long as the page does.
import type { KeyValue } from '@verbatim/client';

export const lasting = guarded(() => localStorage);
export const ofThisTab = guarded(() => sessionStorage);

/** A storage that takes everything and never throws. */
export function guarded(storage: () => Storage): KeyValue {
  const unkept = new Map<string, string>();
  const tried = <T>(use: (kept: Storage) => T, otherwise: T): T => {
    try {
      return use(storage()); // a forbidden one throws already here
    } catch {
      return otherwise;
    }
  };
  const keys = () => [...new Set([...tried((kept) => Array.from({ length: kept.length }, (_, index) => kept.key(index)!), []), ...unkept.keys()])];
  return {
    get length() { return keys().length; },
    key: (index) => keys()[index] ?? null,
    getItem: (key) => unkept.get(key) ?? tried((kept) => kept.getItem(key), null),
    setItem: (key, value) => {
      unkept.set(key, value);
      tried((kept) => {
        kept.setItem(key, value);
        unkept.delete(key);
      }, undefined);
    },
    removeItem: (key) => {
      unkept.delete(key);
      tried((kept) => kept.removeItem(key), undefined);
    },
  };
}
