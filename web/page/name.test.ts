import { expect, test, vi } from 'vitest';

/** What a browser keeps: as much as the page asks for. */
function storage(): Storage {
  const values = new Map<string, string>();
  return {
    get length() {
      return values.size;
    },
    key: (index: number) => [...values.keys()][index] ?? null,
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
    clear: () => values.clear(),
  };
}

test('two tabs that came with one name keep each their own when one of them takes another', async () => {
  vi.stubGlobal('localStorage', storage());
  const opens = async (tab: Storage) => {
    vi.stubGlobal('sessionStorage', tab);
    vi.resetModules();
    return import('./name.ts');
  };
  const [one, other] = [storage(), storage()];
  localStorage.setItem('verbatim.name', 'ann'); // chosen last week
  expect((await opens(one)).name.value).toBe('ann');
  (await opens(other)).keepName('bob');
  expect((await opens(one)).name.value).toBe('ann');
  expect((await opens(other)).name.value).toBe('bob');
  expect((await opens(storage())).name.value).toBe('bob'); // a new tab has the newest
  vi.unstubAllGlobals();
});
