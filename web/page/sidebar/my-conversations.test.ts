import { beforeEach, expect, test } from 'vitest';
import { lasting } from '../storage.ts';
import {
  addConversation,
  conversationsChangedElsewhere,
  forgetActivity,
  inOrder,
  isMuted,
  loadConversations,
  muteConversation,
  myConversations,
  noteActivity,
  removeConversation,
  saveConversations,
} from './my-conversations.ts';

const ids = () => inOrder(myConversations.value).map((each) => each.id);
const at = (hour: number) => new Date(Date.UTC(2026, 10, 24, hour));
let users = 0;

beforeEach(() => void loadConversations(`user ${++users}`));

test('the list is in the order of the newest words, and who was just added comes first', () => {
  addConversation('old', at(1));
  addConversation('older', at(0));
  expect(ids()).toEqual(['old', 'older']);
  noteActivity('older', 7, at(2).toISOString());
  expect(ids()).toEqual(['older', 'old']);
  addConversation('new', at(3));
  expect(ids()).toEqual(['new', 'older', 'old']);
});

test('what is told late changes no order', () => {
  addConversation('a', at(0));
  addConversation('b', at(1));
  noteActivity('a', 9, at(3).toISOString());
  noteActivity('a', 8, at(0).toISOString());
  expect(myConversations.value.find((each) => each.id === 'a')).toMatchObject({ last: 9, time: at(3).toISOString() });
});

test('a record that took the place of another is as new as what is written to it', () => {
  addConversation('wiped', at(0));
  addConversation('put back', at(0));
  addConversation('other', at(0));
  noteActivity('wiped', 900, at(1).toISOString(), 'log-1');
  noteActivity('put back', 900, at(1).toISOString(), 'log-2');
  noteActivity('other', 5, at(2).toISOString(), 'log-3');
  noteActivity('wiped', 1, at(3).toISOString(), 'log-4'); // while the page was closed, say
  expect(ids()[0]).toBe('wiped');
  expect(myConversations.value.find((each) => each.id === 'wiped')).toMatchObject({
    last: 1,
    log: 'log-4',
    time: at(3).toISOString(),
  });
  noteActivity('wiped', 1, at(4).toISOString(), 'log-4');
  expect(ids()[0]).toBe('wiped');
  forgetActivity('put back'); // its log is the same, and it is an older copy
  noteActivity('put back', 7, at(5).toISOString(), 'log-2');
  expect(ids()[0]).toBe('put back');
});

test('each user has a list, and it stays', () => {
  expect(loadConversations('ann')).toBe(false);
  addConversation('kitchen', at(0));
  addConversation('kitchen', at(5));
  muteConversation('kitchen', true);
  noteActivity('kitchen', 3, at(2).toISOString());
  expect(loadConversations('bob')).toBe(false);
  expect(ids()).toEqual([]);
  expect(loadConversations('ann')).toBe(true);
  expect(myConversations.value).toEqual([
    { id: 'kitchen', added: at(0).toISOString(), last: 3, time: at(2).toISOString(), muted: true },
  ]);
  expect(isMuted('kitchen')).toBe(true);
});

test('an empty list is one, and is told from none', () => {
  loadConversations('eve');
  addConversation('lobby');
  removeConversation('lobby');
  saveConversations();
  loadConversations('zoe');
  expect(loadConversations('eve')).toBe(true);
  expect(myConversations.value).toEqual([]);
});

test('the list has an end: the oldest go', () => {
  for (let n = 0; n < 510; n++) addConversation(`c${n}`);
  expect(myConversations.value).toHaveLength(500);
  expect(myConversations.value[0]!.id).toBe('c10');
});

test('what another tab has made of the list is so here too, also where nobody says what has changed', () => {
  loadConversations('kim');
  addConversation('lobby', at(0));
  const key = 'verbatim.conversations/kim';
  const written = (id: string) => lasting.setItem(key, JSON.stringify([{ id, added: at(1).toISOString() }]));
  written('kitchen');
  conversationsChangedElsewhere('verbatim.conversations/zoe');
  expect(ids()).toEqual(['lobby']);
  conversationsChangedElsewhere(key);
  expect(ids()).toEqual(['kitchen']);
  written('garden');
  conversationsChangedElsewhere(null);
  expect(ids()).toEqual(['garden']);
});
