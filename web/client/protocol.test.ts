import { expect, test } from 'vitest';
import { byteLength, isConversationId, newId } from './protocol.ts';

test('a conversation id is what the contract says', () => {
  for (const id of ['lobby', '0', 'a.b_c-d', 'a'.repeat(64)]) expect(isConversationId(id), id).toBe(true);
  for (const id of ['', 'Lobby', '.a', '-a', 'a b', 'a/b', 'ü', 'a'.repeat(65), 'a\n']) expect(isConversationId(id), id).toBe(false);
});

test('a text is measured in bytes', () => {
  expect(byteLength('é🙂')).toBe(6);
});

test('ids are new each time, and short enough for the wire', () => {
  const ids = new Set(Array.from({ length: 100 }, newId));
  expect(ids.size).toBe(100);
  expect([...ids].every((id) => /^[0-9a-f]{24}$/.test(id))).toBe(true);
});
