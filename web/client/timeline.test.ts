import { beforeEach, expect, test } from 'vitest';
import type { Joined, Message } from './protocol.ts';
import { Timeline } from './timeline.ts';

const message = (seq: number): Message => ({
  type: 'message',
  conversation: 'lobby',
  seq,
  from: 'ann',
  time: '',
  text: `m${seq}`,
});
const messages = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
const joined = (first: number, last: number): Joined => ({
  type: 'joined',
  conversation: 'lobby',
  log: 'l',
  first,
  last,
});

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

const past = () => {
  // 9 … 308 came, 1 … 20 are held
  for (const entry of messages(12, 308)) timeline.accept(entry);
  timeline.moveTo(messages(1, 20));
};

test('far in the past what comes is counted and not held', () => {
  past();
  expect(timeline.accept(message(309))).toBe('added');
  expect([seqs().at(-1), timeline.end, timeline.last, timeline.live]).toEqual([20, 20, 309, false]);
});

test('the live end is had again without a server, and goes on', () => {
  past();
  for (const entry of messages(309, 1000)) timeline.accept(entry);
  timeline.moveToEnd();
  timeline.accept(message(1001));
  expect(timeline.live).toBe(true);
  expect(seqs()).toEqual(messages(timeline.first, 1001).map((entry) => entry.seq));
  expect(seqs().length).toBeGreaterThanOrEqual(100);
  expect(seqs().length).toBeLessThanOrEqual(201);
});

test('a newer page is taken only where it joins without a seam', () => {
  past();
  expect(timeline.append(messages(22, 30))).toBe(false);
  expect(timeline.append([message(21), message(23)])).toBe(false);
  expect(timeline.append(messages(21, 40))).toBe(true);
  expect(timeline.append(messages(21, 40))).toBe(false); // the same page twice
  expect(seqs()).toEqual(messages(1, 40).map((entry) => entry.seq));
});

test('reading on leads back to the live end, with no gap and no repeat', () => {
  past();
  for (let seq = 309; !timeline.live; seq++) {
    timeline.accept(message(seq)); // meanwhile it goes on
    timeline.append(messages(timeline.end + 1, timeline.end + 50)); // a page may know of more than has come
  }
  timeline.accept(message(timeline.last + 1));
  expect(seqs()).toEqual(messages(1, timeline.last).map((entry) => entry.seq));
});

test('the newest are let go for who scrolls back, and the window slides', () => {
  for (const entry of messages(12, 308)) timeline.accept(entry);
  timeline.prepend(messages(1, 8), false);
  timeline.trimEnd(250);
  expect([seqs().length, timeline.end, timeline.live]).toEqual([250, 250, false]);
  timeline.append(messages(251, 300));
  expect(timeline.live).toBe(true); // 209 … 308 had been kept
  expect(seqs()).toEqual(messages(1, 308).map((entry) => entry.seq));
});

test('what is let go may reach into what is kept of the live end', () => {
  for (const entry of messages(12, 60)) timeline.accept(entry);
  timeline.trimEnd(30);
  timeline.trimEnd(10);
  expect([timeline.end, timeline.live]).toEqual([18, false]);
  timeline.append(messages(19, 20));
  expect(seqs()).toEqual(messages(9, 60).map((entry) => entry.seq));
});

test('a message is found by its seq, in the window and at the live end', () => {
  past();
  expect([timeline.find(7)?.seq, timeline.find(300)?.seq, timeline.find(100), timeline.find(400)]).toEqual([
    7,
    300,
    undefined,
    undefined,
  ]);
});

test('another part of the record is taken whole or not at all', () => {
  expect(timeline.moveTo([message(3), message(5)])).toBe(false);
  expect(timeline.moveTo([])).toBe(false);
  expect(seqs()).toEqual([9, 10, 11]);
  expect(timeline.moveTo(messages(10, 12))).toBe(true); // 12 has not come
  expect([seqs(), timeline.live]).toEqual([[10, 11], true]);
});
