import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Growing } from './growing.ts';
import { People } from './people.ts';

let people: People;
beforeEach(() => {
  vi.useFakeTimers();
  people = new People(() => {});
  people.join({ type: 'joined', conversation: 'lobby', first: 1, last: 0, online: ['ann', 'zoe'], count: 2 });
});
afterEach(() => void vi.useRealTimers());

const presence = (frame: object) => people.presence({ type: 'presence', conversation: 'lobby', ...frame });

test('people come and go, and the list stays sorted', () => {
  presence({ user: 'bob', event: 'joined', count: 3 });
  presence({ user: 'bob', event: 'joined', count: 3 });
  expect(people.online).toEqual(['ann', 'bob', 'zoe']);
  presence({ user: 'zoe', event: 'left', count: 2 });
  expect(people.online).toEqual(['ann', 'bob']);
  expect(people.count).toBe(2);
});

test('a crowd is only counted, and named again when it is small', () => {
  presence({ count: 4312 });
  expect([people.online, people.count]).toEqual([[], 4312]);
  presence({ count: 1, online: ['ann'] });
  expect([people.online, people.count]).toEqual([['ann'], 1]);
});

test('typing counts for 5 seconds, and ends with leaving', () => {
  people.typing('zoe');
  vi.advanceTimersByTime(3_000);
  people.typing('zoe');
  people.typing('bob');
  vi.advanceTimersByTime(4_000);
  expect(people.whoTypes).toEqual(['zoe', 'bob']);
  presence({ user: 'zoe', event: 'left', count: 1 });
  expect(people.whoTypes).toEqual(['bob']);
  vi.advanceTimersByTime(1_000);
  expect(people.whoTypes).toEqual([]);
});

test('typing ends with the message, also where it comes a moment after it', () => {
  vi.advanceTimersByTime(10_000);
  people.typing('zoe');
  people.said('zoe');
  people.typing('zoe'); // of the same message: it travels beside
  expect(people.whoTypes).toEqual([]);
  vi.advanceTimersByTime(1_000);
  people.typing('zoe');
  expect(people.whoTypes).toEqual(['zoe']);
});

test('a read mark never goes back', () => {
  people.read('zoe', 7);
  people.read('zoe', 3);
  expect(people.reads).toEqual({ zoe: 7 });
});

test('a growing message grows, may be told anew, and ends on the record or cancelled', () => {
  const growing = new Growing();
  const grow = (frame: object) =>
    growing.accept({ type: 'stream', conversation: 'lobby', id: 'm1', from: 'bot', ...frame });
  grow({ n: 0, delta: 'Hel' });
  grow({ n: 1, delta: 'lo' });
  expect(growing.list()).toEqual([{ id: 'm1', from: 'bot', text: 'Hello' }]);
  grow({ n: 4, text: 'Hello, all' });
  expect(growing.list()[0]!.text).toBe('Hello, all');
  growing.recorded({ type: 'message', conversation: 'lobby', seq: 1, id: 'm1', from: 'eve', time: '' });
  expect(growing.list().length).toBe(1); // another author's id
  growing.recorded({ type: 'message', conversation: 'lobby', seq: 2, id: 'm1', from: 'bot', time: '' });
  expect(growing.list()).toEqual([]);
  grow({ n: 0, delta: 'x' });
  grow({ cancelled: true });
  expect(growing.list()).toEqual([]);
});
