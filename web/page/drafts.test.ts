import { expect, test, vi } from 'vitest';
import { draftOf, drafts, draftsChangedElsewhere, keepDraft, keepReply, loadDrafts, replyOf } from './drafts.ts';
import { lasting } from './storage.ts';

test('each user has a draft in each conversation, and it stays', () => {
  loadDrafts('ann');
  keepDraft('lobby', 'half a thou');
  keepDraft('kitchen', 'one\n  two');
  loadDrafts('bob');
  expect(draftOf('lobby')).toBe('');
  loadDrafts('ann');
  expect([...drafts.value]).toEqual([
    ['lobby', 'half a thou'],
    ['kitchen', 'one\n  two'],
  ]);
});

test('an emptied draft is gone', () => {
  loadDrafts('eve');
  keepDraft('lobby', 'never mind');
  keepDraft('lobby', '');
  loadDrafts('eve');
  expect(drafts.value.size).toBe(0);
});

test('what a draft answers to is kept with it, for each user, and what is not ours is passed over', () => {
  const answered = { log: 'log-1', seq: 7, author: 'bob', text: 'as I said' };
  loadDrafts('ann');
  keepReply('lobby', answered);
  keepReply('kitchen', { ...answered, log: undefined });
  lasting.setItem('verbatim.answer/ann/garden', '{"seq":"7"');
  lasting.setItem('verbatim.answer/ann/attic', '{"seq":"7"}');
  loadDrafts('bob');
  expect(replyOf('lobby')).toBeUndefined();
  loadDrafts('ann');
  expect(replyOf('lobby')).toEqual(answered);
  expect(replyOf('kitchen')).toEqual({ ...answered, log: undefined });
  expect([replyOf('garden'), replyOf('attic')]).toEqual([undefined, undefined]);
  keepReply('lobby', undefined);
  loadDrafts('ann');
  expect(replyOf('lobby')).toBeUndefined();
});

test('what another tab has changed is read by itself, and the rest stays as it is', () => {
  loadDrafts('ann');
  keepDraft('garden', 'here');
  const keys = vi.spyOn(lasting, 'keys');
  lasting.setItem('verbatim.draft/ann/lobby', 'there');
  draftsChangedElsewhere('verbatim.draft/ann/lobby');
  lasting.setItem('verbatim.draft/bob/garden', 'not hers');
  draftsChangedElsewhere('verbatim.draft/bob/garden');
  expect([draftOf('lobby'), draftOf('garden')]).toEqual(['there', 'here']);
  lasting.removeItem('verbatim.draft/ann/lobby');
  draftsChangedElsewhere('verbatim.draft/ann/lobby');
  expect([...drafts.value.keys()]).not.toContain('lobby');
  expect(keys).not.toHaveBeenCalled();
  lasting.removeItem('verbatim.draft/ann/garden');
  draftsChangedElsewhere(null); // anything may be another now
  expect(draftOf('garden')).toBe('');
});
