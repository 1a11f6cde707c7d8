import { beforeEach, expect, test } from 'vitest';
import { Timeline } from './timeline.ts';
import type { Joined, Message } from './protocol.ts';

const message = (seq: number): Message => ({ type: 'message', conversation: 'lobby', seq, from: 'ann', time: '', text: `m${seq}` });
const messages = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
const joined = (first: number, last: number): Joined => ({ type: 'joined', conversation: 'lobby', log: 'l', first, last });

let timeline: Timeline;
const seqs = () => timeline.messages.map((entry) => entry.seq);

beforeEach(() => {
  timeline = new Timeline();
  timeline.join(joined(9, 11), false);
  for (const entry of messages(9, 11)) timeline.accept(entry);
});

test('entries stand in order, each once', () => {
  expect(timeline.accept(message(10))).toBe('known');
  expect(timeline.accept(message(12))).toBe('added');
  expect(seqs()).toEqual([9, 10, 11, 12]);
});

test('a gap is refused and changes nothing', () => {
  expect(timeline.accept(message(13))).toBe('gap');
  expect(seqs()).toEqual([9, 10, 11]);
  expect(timeline.last).toBe(11);
});

test('an entry of an unknown type is counted and passed over', () => {
  expect(timeline.accept({ type: 'poll', conversation: 'lobby', seq: 12 })).toBe('added');
  expect(timeline.accept(message(13))).toBe('added');
  expect(seqs()).toEqual([9, 10, 11, 13]);
  expect(timeline.prepend([{ type: 'poll', conversation: 'lobby', seq: 7 }, message(8)], true)).toBe(true);
  expect(timeline.first).toBe(7);
});

test('a resumed join goes on where it was, any other starts anew', () => {
  timeline.join(joined(12, 12), true);
  expect(seqs()).toEqual([9, 10, 11]);
  timeline.join(joined(40, 41), false);
  expect(seqs()).toEqual([]);
  expect(timeline.accept(message(40))).toBe('added');
  expect(timeline.hasOlder).toBe(true);
});

test('where retention took what was missed, the timeline begins where the record does', () => {
  timeline.join(joined(20, 21), true);
  expect(timeline.accept(message(20))).toBe('added');
  expect(seqs()).toEqual([20]);
});

test('an older page is taken only where it joins without a seam', () => {
  expect(timeline.prepend(messages(3, 5), true)).toBe(false);
  expect(timeline.prepend([message(6), message(8)], true)).toBe(false);
  expect(timeline.prepend(messages(6, 8), true)).toBe(true);
  expect(timeline.prepend(messages(6, 8), true)).toBe(false); // the same page twice
  expect(seqs()).toEqual([6, 7, 8, 9, 10, 11]);
  expect(timeline.hasOlder).toBe(true);
  timeline.prepend(messages(1, 5), false);
  expect(timeline.hasOlder).toBe(false);
});

test('an empty page says that there is nothing older', () => {
  expect(timeline.hasOlder).toBe(true);
  timeline.prepend([], false);
  expect(timeline.hasOlder).toBe(false);
});

test('what is trimmed can be had again', () => {
  timeline.trim(2);
  expect(seqs()).toEqual([10, 11]);
  expect(timeline.hasOlder).toBe(true);
  expect(timeline.prepend([message(9)], true)).toBe(true);
  expect(seqs()).toEqual([9, 10, 11]);
});

test('a conversation that is empty begins at 1', () => {
  timeline = new Timeline();
  timeline.join({ type: 'joined', conversation: 'lobby', first: 1, last: 0 }, false);
  expect(timeline.hasOlder).toBe(false);
  expect(timeline.accept(message(1))).toBe('added');
});
