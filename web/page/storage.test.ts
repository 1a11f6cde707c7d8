import { expect, test } from 'vitest';
import { guarded } from './storage.ts';

/** A storage of so many letters. */
class Small implements Storage {
  [name: string]: unknown;
  private readonly values = new Map<string, string>();
  constructor(private readonly room: number) {}
  get length() { return this.values.size; }
  key(index: number) { return [...this.values.keys()][index] ?? null; }
  getItem(key: string) { return this.values.get(key) ?? null; }
  setItem(key: string, value: string) {
    if (value.length > this.room) throw new DOMException('full', 'QuotaExceededError');
    this.values.set(key, value);
  }
  removeItem(key: string) { this.values.delete(key); }
  clear() { this.values.clear(); }
}

test('what a full storage does not take is there as long as the page is', () => {
  const small = new Small(3);
  const storage = guarded(() => small);
  storage.setItem('a', 'abc');
  storage.setItem('a', 'abcd');
  storage.setItem('b', 'long');
  expect([storage.getItem('a'), storage.getItem('b'), storage.length]).toEqual(['abcd', 'long', 2]);
  expect([0, 1, 2].map((index) => storage.key(index))).toEqual(['a', 'b', null]);
  expect(small.getItem('a')).toBe('abc');
  storage.setItem('a', 'ab');
  expect([storage.getItem('a'), small.getItem('a')]).toEqual(['ab', 'ab']);
  storage.removeItem('a');
  storage.removeItem('b');
  expect([storage.getItem('a'), storage.getItem('b'), storage.length]).toEqual([null, null, 0]);
});

test('a forbidden storage is memory', () => {
  const storage = guarded(() => { throw new DOMException('no', 'SecurityError'); });
  expect(storage.getItem('a')).toBeNull();
  storage.setItem('a', '1');
  expect([storage.getItem('a'), storage.length]).toEqual(['1', 1]);
  storage.removeItem('a');
  expect(storage.length).toBe(0);
});
