import { Chat, type Socket } from '@verbatim/client';
import { expect, test } from 'vitest';
import { guarded } from './storage.ts';

/** A storage of so many letters. */
class Small implements Storage {
  [name: string]: unknown;
  private readonly values = new Map<string, string>();
  asked = 0; // for a key
  constructor(private readonly room: number) {}
  get length() {
    return this.values.size;
  }
  key(index: number) {
    this.asked++;
    return [...this.values.keys()][index] ?? null;
  }
  getItem(key: string) {
    return this.values.get(key) ?? null;
  }
  setItem(key: string, value: string) {
    if (value.length > this.room) throw new DOMException('full', 'QuotaExceededError');
    this.values.set(key, value);
  }
  removeItem(key: string) {
    this.values.delete(key);
  }
  clear() {
    this.values.clear();
  }
}

test('what a full storage does not take is there as long as the page is', () => {
  const small = new Small(3);
  const storage = guarded(() => small);
  storage.setItem('a', 'abc');
  storage.setItem('a', 'abcd');
  storage.setItem('b', 'long');
  expect([storage.getItem('a'), storage.getItem('b'), storage.keys()]).toEqual(['abcd', 'long', ['a', 'b']]);
  expect(small.getItem('a')).toBe('abc');
  storage.setItem('a', 'ab');
  expect([storage.getItem('a'), small.getItem('a')]).toEqual(['ab', 'ab']);
  storage.removeItem('a');
  storage.removeItem('b');
  expect([storage.getItem('a'), storage.getItem('b'), storage.keys()]).toEqual([null, null, []]);
});

test('a forbidden storage is memory', () => {
  const storage = guarded(() => {
    throw new DOMException('no', 'SecurityError');
  });
  expect(storage.getItem('a')).toBeNull();
  storage.setItem('a', '1');
  expect([storage.getItem('a'), storage.keys()]).toEqual(['1', ['a']]);
  storage.removeItem('a');
  expect(storage.keys()).toEqual([]);
});

test('what another tab wrote after a storage did not take something is newer than that', () => {
  const small = new Small(3);
  const storage = guarded(() => small);
  storage.setItem('a', 'mine, and too long');
  storage.setItem('b', 'abc');
  storage.setItem('b', 'mine, and too long');
  small.setItem('a', 'new');
  small.removeItem('b');
  expect([storage.getItem('a'), storage.getItem('b')]).toEqual(['new', null]);
  small.removeItem('a');
  expect([storage.getItem('a'), storage.keys()]).toEqual([null, []]);
});

test('the keys of a storage with many small values are each asked for once', () => {
  const small = new Small(3);
  for (let n = 0; n < 300; n++) small.setItem(`key ${n}`, 'x');
  expect(guarded(() => small).keys()).toHaveLength(300);
  expect(small.asked).toBe(300);
});

test('who may not even ask for the IndexedDB gets in', () => {
  const forbidden = {
    get: () => {
      throw new DOMException('no', 'SecurityError');
    },
    configurable: true,
  };
  Object.defineProperty(globalThis, 'indexedDB', forbidden);
  try {
    const socket: Socket = { send() {}, close() {}, onmessage: null, onclose: null, onerror: null };
    const chat = new Chat({ url: 'ws://host/ws', name: 'ann', open: () => socket });
    expect(() => chat.connect()).not.toThrow();
    expect(chat.connection.state).toEqual({ phase: 'connecting' });
    chat.connection.stop();
  } finally {
    delete (globalThis as { indexedDB?: unknown }).indexedDB;
  }
});
