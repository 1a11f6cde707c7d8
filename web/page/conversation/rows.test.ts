import type { Message } from '@verbatim/client';
import { expect, test } from 'vitest';
import { keyOf, readersOf, rowsOf } from './rows.ts';

const message = (seq: number, from: string, time: string): Message => ({
  type: 'message',
  conversation: 'lobby',
  seq,
  from,
  time: `2026-11-${time}`,
  text: `m${seq}`,
});

const byEve = ({ from }: Message) => from === 'eve';

test('messages of one author stand together for five minutes', () => {
  const rows = rowsOf(
    [
      message(1, 'ann', '24T12:00:00.000000'),
      message(2, 'ann', '24T12:04:59.000000'),
      message(3, 'ann', '24T12:10:00.000000'),
      message(4, 'bob', '24T12:10:01.000000'),
    ],
    byEve,
    undefined,
  );
  expect(rows.map((row) => row.follows)).toEqual([false, true, false, false]);
  expect(rows.map((row) => row.ends)).toEqual([false, true, true, true]); // the time stands once for each run
});

test('each day begins with its name', () => {
  const rows = rowsOf(
    [
      message(1, 'ann', '23T23:59:59.000000'),
      message(2, 'ann', '24T00:00:01.000000'),
      message(3, 'ann', '24T00:00:02.000000'),
    ],
    byEve,
    undefined,
  );
  expect(rows.map((row) => row.newDay)).toEqual([true, true, false]);
  expect(rows.map((row) => row.follows)).toEqual([false, false, true]);
});

test('what is new begins once, with the first unread message of somebody else', () => {
  const messages = ['eve', 'ann', 'eve', 'ann', 'ann'].map((from, index) =>
    message(index + 1, from, '24T12:00:00.000000'),
  );
  expect(rowsOf(messages, byEve, 2).map((row) => row.firstUnread)).toEqual([false, false, false, true, false]);
  expect(rowsOf(messages, byEve, 5).some((row) => row.firstUnread)).toBe(false);
  expect(rowsOf(messages, byEve, undefined).some((row) => row.firstUnread)).toBe(false); // a first visit: all is new
});

test('no line stands before what is new where its beginning is not held', () => {
  const messages = [7, 8, 9].map((seq) => message(seq, 'ann', '24T12:00:00.000000'));
  expect(rowsOf(messages, byEve, 3).some((row) => row.firstUnread)).toBe(false);
  expect(rowsOf(messages, byEve, 6).map((row) => row.firstUnread)).toEqual([true, false, false]);
});

test('an answer names its author again, for its quote stands between', () => {
  const answer = { ...message(2, 'ann', '24T12:00:01.000000'), target: 1 };
  expect(rowsOf([message(1, 'ann', '24T12:00:00.000000'), answer], byEve, undefined).map((row) => row.follows)).toEqual(
    [false, false],
  );
});

test('readers stand at the newest message that they have read, and not at their own', () => {
  const messages = [message(4, 'ann', '24T12:00:00.000000'), message(6, 'bob', '24T12:00:00.000000')];
  const readers = readersOf(messages, { ann: 6, bob: 6, eve: 6, zoe: 5, dan: 2, cem: 9 }, (name) => name === 'eve');
  expect([...readers].sort()).toEqual([
    [4, ['zoe']],
    [6, ['ann', 'cem']],
  ]);
});

test("one's former names are no readers", () => {
  const mine = (name: string) => name === 'eve' || name === 'Evelyn';
  const readers = readersOf([message(4, 'ann', '24T12:00:00.000000')], { eve: 4, Evelyn: 4, zoe: 4 }, mine);
  expect([...readers]).toEqual([[4, ['zoe']]]);
});

test("one's own message keeps its key from the outbox to the record", () => {
  expect(keyOf('ann', 'ann', 'c1', 0)).toBe(keyOf('ann', 'ann', 'c1', 7));
  expect(keyOf('ann', 'bob', 'c1', 7)).not.toBe(keyOf('ann', 'ann', 'c1', 7));
});
