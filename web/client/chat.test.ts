import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { chatWith, FakeServer } from './testing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function online(server = new FakeServer()) {
  const client = chatWith(server);
  client.chat.open('lobby');
  client.chat.connection.start();
  vi.advanceTimersByTime(1);
  return { server, ...client };
}

test('after a lost connection the join goes on from the last entry of the same log', () => {
  const { server, texts } = online();
  server.say('bob', 'one');
  server.socket!.drop();
  server.say('bob', 'two');
  vi.advanceTimersByTime(1_000);
  expect(server.socket!.last('join')).toMatchObject({ conversation: 'lobby', after: 1, log: 'log-1' });
  expect(texts()).toEqual(['one', 'two']);
});

test('the first entry of an empty conversation makes its log known', () => {
  const { server, lobby, texts } = online();
  expect(lobby().timeline.log).toBeUndefined();
  server.say('bob', 'one');
  expect(lobby().timeline.log).toBe('log-1');
  expect(texts()).toEqual(['one']);
});

test('another log starts the conversation anew, and the page is told', () => {
  const { server, texts, told } = online();
  server.say('bob', 'old');
  server.wipe();
  server.say('bob', 'new');
  vi.advanceTimersByTime(1_000);
  expect(texts()).toEqual(['new']);
  expect(told.resets).toEqual(['lobby']);
});

test('what waits for another log may stand anywhere in it', () => {
  const { server, chat } = online();
  for (const text of ['a', 'b', 'c']) server.say('bob', text);
  server.latency = 5;
  server.socket!.drop();
  chat.send('lobby', 'mine');
  server.wipe();
  server.say('bob', 'new');
  vi.advanceTimersByTime(1_000);
  const sends = server.sockets.flatMap((socket) => socket.sent).filter((frame) => frame.type === 'send');
  expect(sends).toMatchObject([{ text: 'mine', since: 0 }]);
});

test('a gap, should there ever be one, is asked for and not shown', () => {
  const { server, texts } = online();
  server.say('bob', 'one');
  server.record.push({ type: 'message', conversation: 'lobby', seq: 2, from: 'bob', time: '', text: 'two' });
  server.say('bob', 'three');
  expect(texts()).toEqual(['one', 'two', 'three']);
  expect(server.socket!.last('join')).toMatchObject({ after: 1 });
});

test('older pages come before what is shown', () => {
  const server = new FakeServer();
  for (let n = 1; n <= 120; n++) server.say('bob', `m${n}`);
  const { lobby, texts } = online(server);
  expect(texts().length).toBe(50);
  lobby().loadOlder();
  lobby().loadOlder();
  expect(texts()).toEqual(Array.from({ length: 120 }, (_, index) => `m${index + 1}`));
  expect(lobby().timeline.hasOlder).toBe(false);
});

test('only what is open gets its entries; what is left is followed', () => {
  const { server, chat } = online();
  chat.open('kitchen');
  const joins = server.socket!.sent.filter((frame) => frame.type === 'join').map(({ ref: _, ...join }) => join);
  expect(joins).toEqual([
    { type: 'join', conversation: 'lobby' },
    { type: 'join', conversation: 'lobby', messages: false },
    { type: 'join', conversation: 'kitchen' },
  ]);
  server.socket!.receive({ type: 'last', conversation: 'lobby', last: 9, time: '' });
  expect(chat.conversation('lobby').newest).toBe(9);
});

test('reading is told once, and also when it was done elsewhere', () => {
  const { server, lobby } = online();
  for (const text of ['a', 'b', 'c']) server.say('bob', text);
  lobby().markRead(2);
  lobby().markRead(2);
  lobby().markRead(1);
  expect(server.socket!.sent.filter((frame) => frame.type === 'read')).toEqual([{ type: 'read', conversation: 'lobby', seq: 2 }]);
  expect(lobby().unread).toBe(1);
  server.socket!.receive({ type: 'read', conversation: 'lobby', user: 'ann', seq: 3 });
  expect(lobby().unread).toBe(0);
});

test('typing is told at most once in 3 seconds, and anew after a message', () => {
  const { server, chat, lobby } = online();
  const told = () => server.socket!.sent.filter((frame) => frame.type === 'typing').length;
  lobby().typing();
  vi.advanceTimersByTime(2_000);
  lobby().typing();
  expect(told()).toBe(1);
  chat.send('lobby', 'hi');
  lobby().typing();
  expect(told()).toBe(2);
});

test('a join that is refused says why, and is tried again where that may help', () => {
  const server = new FakeServer();
  server.refusesJoin = { code: 'unavailable', reason: 'the disk is full', retry_after: 3 };
  const { lobby } = online(server);
  expect(lobby().problem).toBe('the disk is full');
  server.refusesJoin = { code: 'forbidden', reason: 'members only' };
  vi.advanceTimersByTime(3_000);
  expect(lobby().problem).toBe('members only');
  server.refusesJoin = undefined;
  vi.advanceTimersByTime(60_000);
  expect(lobby().joined).toBe(false);
});

test('who is sent away is told why, and nothing more is shown', () => {
  const { server, lobby, texts } = online();
  server.socket!.receive({ type: 'left', conversation: 'lobby', code: 'forbidden', reason: 'you were removed' });
  server.say('bob', 'secret');
  expect(lobby().problem).toBe('you were removed');
  expect(texts()).toEqual([]);
});

// The whole client against a server that loses one connection in five frames: the promises must hold all the same.
for (const seed of [1, 2, 3, 4, 5]) {
  test(`nothing is lost, doubled or out of order over connections that break (seed ${seed})`, () => {
    const random = numbers(seed);
    const server = new FakeServer();
    server.latency = seed % 2 ? 0 : 40;
    server.loses = () => random() < 0.2;
    const { chat, texts, unsettled } = online(server);
    const mine: string[] = [];
    while (mine.length < 100) {
      if (random() < 0.5) chat.send('lobby', mine[mine.push(`mine ${mine.length}`) - 1]!);
      else server.say('bob', `bob ${server.record.length}`);
      vi.advanceTimersByTime(random() * 300);
    }
    server.loses = () => false;
    vi.advanceTimersByTime(60_000);
    expect(server.record.filter((entry) => entry.from === 'ann').map((entry) => entry.text)).toEqual(mine);
    expect(texts()).toEqual(server.record.map((entry) => entry.text).slice(-texts().length));
    expect(chat.conversation('lobby').timeline.last).toBe(server.record.length);
    expect(unsettled()).toEqual([]);
  });
}

/** Numbers from 0 to 1 that are the same for the same seed. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
