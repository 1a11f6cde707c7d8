import { expect, test } from 'vitest';
import { hueIn, hueOf } from './hues.ts';

const names = Array.from({ length: 300 }, (_, n) => `user ${n}`);

test('a name has its own colour where it is alone, and keeps it', () => {
  for (const name of names) expect(hueIn(`room of ${name}`, name)).toBe(hueOf(name));
  expect(new Set(names.map(hueOf)).size).toBe(16);
});

test('sixteen people in a conversation have sixteen colours, whoever they are, and keep them', () => {
  for (let from = 0; from + 16 <= names.length; from += 16) {
    const room = names.slice(from, from + 16);
    const first = room.map((name) => hueIn(`room ${from}`, name));
    expect(new Set(first).size).toBe(16);
    expect(room.map((name) => hueIn(`room ${from}`, name))).toEqual(first);
  }
});

test('a crowd shares colours, each name its own', () => {
  for (const name of names.slice(0, 16)) hueIn('crowd', name);
  for (const name of names.slice(16)) expect(hueIn('crowd', name)).toBe(hueOf(name));
});
