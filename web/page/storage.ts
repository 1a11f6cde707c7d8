// The browser's storage. What it does not take, for it is full, forbidden or absent, lives as long as the page does.

export interface Kept {
  /** All keys there are. */
  keys(): string[];
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export const lasting = guarded(() => localStorage);
export const ofThisTab = guarded(() => sessionStorage);

/** A storage that takes everything and never throws. */
export function guarded(storage: () => Storage): Kept {
  /** What was not taken, and what stood there then: where that is another one now, a tab has written later. */
  const unkept = new Map<string, { value: string; instead: string | null }>();
  const tried = <T>(use: (kept: Storage) => T, otherwise: T): T => {
    try {
      return use(storage()); // a forbidden one throws already here
    } catch {
      return otherwise;
    }
  };
  const taken = (key: string) => tried((kept) => kept.getItem(key), null);
  const getItem = (key: string) => {
    const value = taken(key);
    const mine = unkept.get(key);
    if (mine?.instead === value) return mine.value;
    unkept.delete(key);
    return value;
  };
  return {
    keys: () => {
      const all = tried((kept) => Array.from({ length: kept.length }, (_, index) => kept.key(index)!), []);
      const mine = [...unkept.keys()].filter((key) => getItem(key) !== null);
      return [...new Set([...all, ...mine])];
    },
    getItem,
    setItem: (key, value) => {
      unkept.delete(key);
      if (!tried((kept) => (kept.setItem(key, value), true), false)) unkept.set(key, { value, instead: taken(key) });
    },
    removeItem: (key) => {
      unkept.delete(key);
      tried((kept) => kept.removeItem(key), undefined);
    },
  };
}
