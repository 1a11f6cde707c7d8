import { expect, test } from 'vitest';
import { draftOf, drafts, keepDraft, loadDrafts } from './drafts.ts';

test('each user has a draft in each conversation, and it stays', () => {
  loadDrafts('ann');
  keepDraft('lobby', 'half a thou');
  keepDraft('kitchen', 'one\n  two');
  loadDrafts('bob');
  expect(draftOf('lobby')).toBe('');
  loadDrafts('ann');
  expect([...drafts.value]).toEqual([['lobby', 'half a thou'], ['kitchen', 'one\n  two']]);
});

test('an emptied draft is gone', () => {
  loadDrafts('eve');
  keepDraft('lobby', 'never mind');
  keepDraft('lobby', '');
  loadDrafts('eve');
  expect(drafts.value.size).toBe(0);
});
