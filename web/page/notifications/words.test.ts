import { expect, test } from 'vitest';
import type { Message } from '@verbatim/client';
import { addOwn, loadOwn, muteOwn } from '../sidebar/own.ts';
import { wordsOf } from './words.ts';

const message = (more: Partial<Message>): Message => ({ type: 'message', conversation: 'kitchen', seq: 1, from: 'bob', time: '', text: '<b>hi</b>', ...more });

test('a call says who, where and what, as it was written', () => {
  expect(wordsOf(message({}), 'ann', false)).toEqual({ title: 'bob · kitchen', body: '<b>hi</b>' });
  expect(wordsOf(message({ name: 'Bob B.', text: 'x'.repeat(16_000) }), 'ann', false)).toEqual({ title: 'Bob B. · kitchen', body: 'x'.repeat(200) });
});

test('nobody is called for what they wrote, see, muted, or what was taken back', () => {
  loadOwn('caller');
  addOwn('kitchen');
  expect(wordsOf(message({ from: 'ann' }), 'ann', false)).toBeUndefined();
  expect(wordsOf(message({}), 'ann', true)).toBeUndefined();
  expect(wordsOf(message({ redacted: true }), 'ann', false)).toBeUndefined();
  muteOwn('kitchen', true);
  expect(wordsOf(message({}), 'ann', false)).toBeUndefined();
});
