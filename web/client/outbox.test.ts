import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { chatWith, FakeServer, FakeStorage } from './testing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function online(server = new FakeServer(), storage = new FakeStorage()) {
  const client = chatWith(server, storage);
  client.chat.open('lobby');
  client.chat.connection.start();
  vi.advanceTimersByTime(1);
  return { server, ...client };
}

const sends = (server: FakeServer) => server.sockets.flatMap((socket) => socket.sent.filter((frame) => frame.type === 'send'));

test('a message is sending until its ack, and then on the record', () => {
  const { server, chat, texts, unsettled, storage } = online();
  server.loses = () => true;
  chat.send('lobby', 'hi');
  expect(unsettled()).toEqual(['sending hi']);
  expect(storage.length).toBe(1);
  server.loses = () => false;
  vi.advanceTimersByTime(1_000);
  expect(texts()).toEqual(['hi']);
  expect(unsettled()).toEqual([]);
  expect(storage.length).toBe(0);
});

test('an acknowledged message that the timeline does not show yet is recorded, not sending', () => {
  const { server, chat, texts, unsettled, storage } = online();
  server.answers = false;
  chat.send('lobby', 'hi');
  const { id } = server.socket!.last('send');
  server.socket!.reply('send', { type: 'ack', conversation: 'lobby', id, seq: 1 });
  expect(unsettled()).toEqual(['recorded hi']);
  expect(storage.length).toBe(0);
  server.socket!.receive({ type: 'message', conversation: 'lobby', seq: 1, id, from: 'ann', time: '', text: 'hi' });
  expect(unsettled()).toEqual([]);
  expect(texts()).toEqual(['hi']);
});

test('what is sent again has the same id, its order and the same since', () => {
  const { server, chat, texts } = online();
  server.say('bob', 'before');
  server.socket!.drop();
  for (const text of ['one', 'two', 'three']) chat.send('lobby', text);
  server.say('bob', 'between');
  server.loses = (frame) => frame.type === 'ack'; // the first is recorded, its ack is lost
  vi.advanceTimersByTime(600);
  server.loses = () => false;
  vi.advanceTimersByTime(2_000);
  expect(texts()).toEqual(['before', 'between', 'one', 'two', 'three']);
  const [one, ...others] = sends(server);
  expect(new Set(sends(server).map((send) => send.id)).size).toBe(3);
  expect(sends(server).every((send) => send.since === 1)).toBe(true);
  expect(one!.prev).toBeUndefined();
  expect(others.find((send) => send.text === 'two')!.prev).toBe(one!.id);
});

test('a reload keeps what is not acknowledged', () => {
  const before = online();
  before.server.socket!.drop();
  before.chat.send('lobby', 'one');
  before.chat.send('lobby', 'two');
  before.chat.connection.stop();
  const after = online(before.server, before.storage);
  expect(after.texts()).toEqual(['one', 'two']);
  expect(before.storage.length).toBe(0);
});

test('a store keeps one user\'s sends apart from another\'s', () => {
  const storage = new FakeStorage();
  const item = (id: string, text: string) => JSON.stringify({ id, conversation: 'lobby', text, created: 1, since: 0, state: 'sending' });
  storage.setItem('verbatim.outbox/bob/x', item('x', 'of bob'));
  storage.setItem('verbatim.outbox/ann/y', item('y', 'of ann'));
  storage.setItem('verbatim.outbox/ann/z', 'cut sho');
  const { texts, unsettled } = online(new FakeServer(), storage);
  expect([texts(), unsettled()]).toEqual([['of ann'], []]);
});

test('a refused message says why, may be tried again or dropped, and holds nobody up', () => {
  const { server, chat, texts, unsettled } = online();
  server.refuses = (send) => (send.text === 'bad' ? { code: 'forbidden', reason: 'not here' } : undefined);
  chat.send('lobby', 'bad');
  chat.send('lobby', 'good');
  expect(texts()).toEqual(['good']);
  expect(unsettled()).toEqual(['failed bad']);
  const [failed] = chat.unsettled('lobby');
  expect(failed!.reason).toBe('not here');
  server.refuses = () => undefined;
  chat.retry(failed!.id);
  expect(texts()).toEqual(['good', 'bad']);
  server.refuses = () => ({ code: 'forbidden', reason: 'not here' });
  chat.send('lobby', 'worse');
  chat.discard(chat.unsettled('lobby')[0]!.id);
  expect(unsettled()).toEqual([]);
});

test('while the server cannot record, messages wait in order', () => {
  const { server, chat, texts, unsettled } = online();
  server.refuses = () => ({ code: 'unavailable', reason: 'disk full', retry_after: 3 });
  chat.send('lobby', 'one');
  chat.send('lobby', 'two');
  expect(sends(server).length).toBe(1);
  server.refuses = () => undefined;
  vi.advanceTimersByTime(2_999);
  expect(unsettled()).toEqual(['sending one', 'sending two']);
  vi.advanceTimersByTime(1);
  expect(texts()).toEqual(['one', 'two']);
});

test('what waits for the record says why, until it is there', () => {
  const { server, chat } = online();
  server.refuses = () => ({ code: 'unavailable', reason: 'disk full', retry_after: 3 });
  chat.send('lobby', 'one');
  expect(chat.unsettled('lobby').map((item) => item.reason)).toEqual(['disk full']);
  server.answers = false;
  vi.advanceTimersByTime(3_000);
  const { id } = server.socket!.last('send');
  server.socket!.reply('send', { type: 'ack', conversation: 'lobby', id, seq: 1 });
  expect(chat.unsettled('lobby').map((item) => [item.state, item.reason])).toEqual([['recorded', undefined]]);
});

test('an answer keeps its target when it is sent again, and loses it with the log that it was a place in', () => {
  const { server, chat } = online();
  server.say('bob', 'question');
  server.refuses = () => ({ code: 'unavailable', reason: 'disk full', retry_after: 1 });
  chat.send('lobby', 'answer', 1);
  expect(sends(server).at(-1)!.target).toBe(1);
  vi.advanceTimersByTime(1_000);
  expect(sends(server)).toHaveLength(2);
  expect(sends(server).at(-1)!.target).toBe(1);
  server.wipe();
  server.socket!.drop();
  server.refuses = () => undefined;
  vi.advanceTimersByTime(5_000);
  expect(sends(server).length).toBeGreaterThan(2);
  expect(sends(server).at(-1)!.target).toBeUndefined();
});

test('one that came out of order goes again after the one before it', () => {
  const { server, chat, texts } = online();
  server.socket!.drop();
  for (const text of ['one', 'two', 'three']) chat.send('lobby', text);
  let failures = 1;
  server.refuses = (send) => (send.text === 'one' && failures-- > 0 ? { code: 'unavailable', reason: 'disk full', retry_after: 1 } : undefined);
  vi.advanceTimersByTime(500);
  expect(texts()).toEqual([]); // two and three were sent too, and refused: they name the one before them
  vi.advanceTimersByTime(1_500);
  expect(texts()).toEqual(['one', 'two', 'three']);
});

test('prev is left off once the one before is known to be on the record', () => {
  const { server, chat, texts } = online();
  chat.send('lobby', 'one');
  chat.send('lobby', 'two');
  expect(texts()).toEqual(['one', 'two']);
  expect(sends(server).map((send) => send.prev)).toEqual([undefined, undefined]);
});

test('where the record forgot the id of the one before, its ack is enough', () => {
  const { server, chat, texts } = online();
  server.say('bob', 'before');
  server.latency = 5;
  server.socket!.drop();
  chat.send('lobby', 'one');
  chat.send('lobby', 'two');
  // A server that keeps ids for a while only: it knows `one` again by its since, but not as a prev.
  server.refuses = (send) => (send.prev ? { code: 'out_of_order', reason: 'prev is not known' } : undefined);
  vi.advanceTimersByTime(2_000);
  expect(texts()).toEqual(['before', 'one', 'two']);
});

test('a long queue is sent a few at a time, and all of it arrives', () => {
  const { server, chat, texts } = online();
  server.socket!.drop();
  const all = Array.from({ length: 60 }, (_, index) => `m${index}`);
  for (const text of all) chat.send('lobby', text);
  vi.advanceTimersByTime(5_000);
  expect(chat.unsettled('lobby')).toEqual([]);
  expect(server.record.map((entry) => entry.text)).toEqual(all);
  expect(texts()).toEqual(all);
});
