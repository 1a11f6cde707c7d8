import { expect, onTestFinished, test, vi } from 'vitest';
import { byteLength, isConversationId, isMessage, newId } from './protocol.ts';

test('a conversation id is what the contract says', () => {
  for (const id of ['lobby', '0', 'a.b_c-d', 'a'.repeat(64)]) expect(isConversationId(id), id).toBe(true);
  for (const id of ['', 'Lobby', '.a', '-a', 'a b', 'a/b', 'ü', 'a'.repeat(65), 'a\n'])
    expect(isConversationId(id), id).toBe(false);
});

test('a text is measured in bytes', () => {
  expect(byteLength('é🙂')).toBe(6);
  for (const text of [
    '',
    'a',
    'ß',
    '\u07ff\u0800',
    '中文',
    '🙂a🙂',
    '\ud83d',
    '\ude00\ud83d',
    'a\ud83da',
    '\ud83d\ud83d\ude00',
  ]) {
    expect(byteLength(text), JSON.stringify(text)).toBe(new TextEncoder().encode(text).length);
  }
});

test('ids are new each time, and short enough for the wire', () => {
  const ids = new Set(Array.from({ length: 100 }, newId));
  expect(ids.size).toBe(100);
  expect([...ids].every((id) => /^[0-9a-f]{24}$/.test(id))).toBe(true);
});

test('where there is no crypto, ids are new all the same', () => {
  vi.stubGlobal('crypto', undefined);
  onTestFinished(() => void vi.unstubAllGlobals());
  expect(new Set(Array.from({ length: 100 }, newId)).size).toBe(100);
});

test('an entry is a message by its type', () => {
  expect(['message', 'poll'].map((type) => isMessage({ type }))).toEqual([true, false]);
});
