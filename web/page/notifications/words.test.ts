import type { Message } from '@verbatim/client';
import { expect, test } from 'vitest';
import { goesBy, takesName } from '../self.ts';
import { addConversation, loadConversations, muteConversation } from '../sidebar/my-conversations.ts';
import { wordsOf } from './words.ts';

const message = (more: Partial<Message>): Message => ({
  type: 'message',
  conversation: 'kitchen',
  seq: 1,
  from: 'bob',
  time: '',
  text: '<b>hi</b>',
  ...more,
});

test('a call says who, where and what, as it was written', () => {
  expect(wordsOf(message({}), 'ann')).toEqual({ title: 'bob · kitchen', body: '<b>hi</b>' });
  expect(wordsOf(message({ name: 'Bob B.', text: 'x'.repeat(16_000) }), 'ann')).toEqual({
    title: 'Bob B. · kitchen',
    body: `${'x'.repeat(200)}…`,
  });
});

test('a call has the words and not what marks them, in one line, and is cut between letters', () => {
  const body = (text: string) => wordsOf(message({ text }), 'ann')!.body;
  expect(body('**Coffee** is `ready`:\n\n1. black\n2. white')).toBe('Coffee is ready: 1. black 2. white');
  expect(body('2*3*4 &amp; __init__.py')).toBe('2*3*4 &amp; __init__.py');
  const family = '👨‍👩‍👧‍👦';
  expect(body(`${family.repeat(199)}🇩🇪${family}`)).toBe(`${family.repeat(199)}🇩🇪…`);
});

test('nobody is called for what they wrote, muted, or what was taken back', () => {
  loadConversations('caller');
  addConversation('kitchen');
  expect(wordsOf(message({ from: 'ann' }), 'ann')).toBeUndefined();
  expect(wordsOf(message({ redacted: true }), 'ann')).toBeUndefined();
  muteConversation('kitchen', true);
  expect(wordsOf(message({}), 'ann')).toBeUndefined();
});

test('nobody is called for what they wrote under an earlier name', () => {
  loadConversations('hears all');
  takesName('ann', 'Dr. Ann', new Date('2026-11-24T12:00:00Z'));
  goesBy('Dr. Ann');
  const from = (hour: number) => wordsOf(message({ from: 'ann', time: `2026-11-24T${hour}:00:00Z` }), 'Dr. Ann');
  expect(from(11)).toBeUndefined();
  expect(from(13)?.body).toBe('<b>hi</b>');
});
