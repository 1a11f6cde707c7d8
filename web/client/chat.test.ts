import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { chatWith, FakeServer, FakeStore, online } from './testing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('each entry is told once, in order, over a lost connection', async () => {
  const { server, chat } = await online();
  const heard: unknown[] = [];
  chat.on('message', ({ conversation, message }) => heard.push([conversation, message.seq, message.text]));
  server.say('bob', 'one');
  server.socket!.drop();
  server.say('bob', 'two');
  await vi.advanceTimersByTimeAsync(1_000);
  server.say('bob', 'three');
  expect(heard).toEqual([
    ['lobby', 1, 'one'],
    ['lobby', 2, 'two'],
    ['lobby', 3, 'three'],
  ]);
});

test('a page of history is a promise, which says why there is none', async () => {
  const server = new FakeServer();
  for (let n = 1; n <= 9; n++) server.say('bob', `m${n}`);
  const { chat } = await online(server);
  const page = await chat.history('lobby', { before: 4, limit: 2 });
  expect([page.messages.map((entry) => entry.seq), page.more]).toEqual([[2, 3], true]);
  server.answers = false;
  const lost = expect(chat.history('lobby', { before: 4 })).rejects.toMatchObject({
    name: 'RequestError',
    code: 'disconnected',
  });
  server.socket!.drop();
  await lost;
  await expect(chat.history('lobby')).rejects.toMatchObject({ code: 'disconnected' });
});

test("the server's refusal of a page of history is an error with its code", async () => {
  const { server, chat } = await online();
  server.answers = false;
  const asked = expect(chat.history('lobby', { after: 99 })).rejects.toMatchObject({
    code: 'bad_request',
    message: 'the last is 0',
  });
  server.socket!.reply('history', { type: 'error', code: 'bad_request', reason: 'the last is 0' });
  await asked;
});

test('what is left is told so, and nothing of it comes any more', async () => {
  const { server, chat, texts } = await online();
  chat.leave('lobby');
  expect(server.socket!.last('leave')).toMatchObject({ conversation: 'lobby' });
  server.say('bob', 'not for us');
  expect(texts()).toEqual([]);
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.socket!.sent).toEqual([]);
  chat.join('lobby');
  expect(texts()).toEqual(['not for us']);
});

test('several conversations may be joined, and who was sent away may join again', async () => {
  const { server, chat, lobby } = await online();
  chat.join('kitchen');
  expect([lobby().mode, chat.conversation('kitchen').mode]).toEqual(['open', 'open']);
  server.socket!.receive({ type: 'left', conversation: 'lobby', code: 'forbidden', reason: 'you were removed' });
  chat.join('lobby');
  expect([lobby().joined, lobby().problem]).toEqual([true, undefined]);
});

test('a listener that throws is reported, and the others hear all the same', async () => {
  const { server, chat } = await online();
  const uncaught: unknown[] = [];
  const report = (error: unknown) => void uncaught.push(error);
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', report);
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  });
  const heard: unknown[] = [];
  chat.on('message', () => {
    throw new Error('a broken page');
  });
  const off = chat.on('message', ({ message }) => heard.push(message.text));
  server.say('bob', 'one');
  off();
  server.say('bob', 'two');
  await vi.advanceTimersByTimeAsync(1);
  expect(heard).toEqual(['one']);
  await vi.waitFor(() => expect(uncaught).toHaveLength(2), { timeout: 30_000 });
});

test('a gap, should there ever be one, is asked for and not shown', async () => {
  const { server, texts } = await online();
  server.say('bob', 'one');
  server.record.push({ type: 'message', conversation: 'lobby', seq: 2, from: 'bob', time: '', text: 'two' });
  server.say('bob', 'three');
  expect(texts()).toEqual(['one', 'two', 'three']);
  expect(server.socket!.last('join')).toMatchObject({ after: 1 });
});

test('older pages come before what is shown', async () => {
  const server = new FakeServer();
  for (let n = 1; n <= 120; n++) server.say('bob', `m${n}`);
  const { lobby, texts } = await online(server);
  expect(texts().length).toBe(50);
  lobby().loadOlder();
  lobby().loadOlder();
  expect(texts()).toEqual(Array.from({ length: 120 }, (_, index) => `m${index + 1}`));
  expect(lobby().timeline.hasOlder).toBe(false);
});

test('a change that somebody waits for says so', async () => {
  const server = new FakeServer();
  for (let n = 1; n <= 120; n++) server.say('bob', `m${n}`);
  const { chat, lobby } = await online(server);
  const awaited = (during: () => void) => {
    const changes: boolean[] = [];
    const off = chat.on('change', (change) => changes.push(change.awaited));
    during();
    off();
    return changes.includes(true);
  };
  expect(awaited(() => server.say('bob', 'merely happens'))).toBe(false);
  expect(awaited(() => lobby().loadOlder())).toBe(true);
  expect(awaited(() => lobby().goToEnd())).toBe(true);
  expect(awaited(() => chat.send('lobby', 'one of my own'))).toBe(true);
  server.refuses = () => ({ code: 'forbidden', reason: 'not here' });
  const { id } = chat.send('lobby', 'refused');
  expect(awaited(() => chat.retry(id))).toBe(true);
  expect(awaited(() => chat.discard(id))).toBe(true);
  server.socket!.drop();
  server.say('bob', 'missed');
  let drawn = 0; // entries, when the catch-up was told of as awaited
  chat.on('change', (change) => change.awaited && (drawn = lobby().timeline.last));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(drawn).toBe(123);
});

test('only what is open gets its entries; what is left is followed', async () => {
  const { server, chat } = await online();
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

test('reading is told once, and also when it was done elsewhere', async () => {
  const { server, lobby } = await online();
  for (const text of ['a', 'b', 'c']) server.say('bob', text);
  lobby().markRead(2);
  lobby().markRead(2);
  lobby().markRead(1);
  expect(server.socket!.sent.filter((frame) => frame.type === 'read')).toMatchObject([
    { type: 'read', conversation: 'lobby', seq: 2 },
  ]);
  expect(lobby().unread).toBe(1);
  server.socket!.receive({ type: 'read', conversation: 'lobby', user: 'ann', seq: 3 });
  expect(lobby().unread).toBe(0);
});

test('what is read without a connection is told when there is one', async () => {
  const { server, lobby } = await online();
  for (const text of ['a', 'b', 'c']) server.say('bob', text);
  lobby().markRead(1);
  server.socket!.drop();
  lobby().markRead(3);
  expect(lobby().unread).toBe(0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.marks.get('ann')).toBe(3);
  expect(lobby().unread).toBe(0);
});

test('what was read of a record that is gone is told of no other', async () => {
  const { server, lobby } = await online();
  for (const text of ['a', 'b', 'c']) server.say('bob', text);
  server.wipe();
  lobby().markRead(3);
  for (const text of ['d', 'e', 'f', 'g']) server.say('bob', text);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(lobby().newest).toBe(4);
  expect(server.marks.get('ann')).toBeUndefined();
});

test('what one user has read is told of no other', async () => {
  const { server, lobby } = await online();
  for (const text of ['a', 'b', 'c']) server.say('bob', text);
  lobby().markRead(3);
  server.user = 'zoe';
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(lobby().joined).toBe(true);
  expect(server.marks.get('zoe')).toBeUndefined();
  expect([lobby().readTo, lobby().unread]).toEqual([undefined, 3]);
});

test('typing is told at most once in 3 seconds, and anew after a message', async () => {
  const { server, chat, lobby } = await online();
  const told = () => server.socket!.sent.filter((frame) => frame.type === 'typing').length;
  lobby().typing();
  await vi.advanceTimersByTimeAsync(2_000);
  lobby().typing();
  expect(told()).toBe(1);
  chat.send('lobby', 'hi');
  lobby().typing();
  expect(told()).toBe(2);
});

test('nobody types on over a lost connection, and who is there stays until it is told anew', async () => {
  const { server, lobby } = await online();
  const there = lobby().people.online;
  expect(there.length).toBeGreaterThan(0);
  server.socket!.receive({ type: 'typing', conversation: 'lobby', user: 'zoe' });
  expect(lobby().people.whoTypes).toEqual(['zoe']);
  server.socket!.drop();
  expect(lobby().people.whoTypes).toEqual([]);
  expect(lobby().people.online).toEqual(there);
});

test('a join that is refused says why, and is tried again where that may help', async () => {
  const server = new FakeServer();
  server.refusesJoin = { code: 'unavailable', reason: 'the disk is full', retry_after: 3 };
  const { lobby } = await online(server);
  expect(lobby().problem).toBe('the disk is full');
  server.refusesJoin = { code: 'forbidden', reason: 'members only' };
  await vi.advanceTimersByTimeAsync(3_000);
  expect(lobby().problem).toBe('members only');
  server.refusesJoin = undefined;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(lobby().joined).toBe(false);
});

test('who is sent away is told why, and nothing more is shown', async () => {
  const { server, lobby, texts } = await online();
  server.socket!.receive({ type: 'left', conversation: 'lobby', code: 'forbidden', reason: 'you were removed' });
  server.say('bob', 'secret');
  expect(lobby().problem).toBe('you were removed');
  expect(texts()).toEqual([]);
});

// The whole client against a server that loses one connection in five frames: the promises must hold all the same.
for (const seed of [1, 2, 3, 4, 5]) {
  test(`nothing is lost, doubled or out of order over connections that break (seed ${seed})`, async () => {
    const random = numbers(seed);
    const server = new FakeServer();
    server.latency = seed % 2 ? 0 : 40;
    server.loses = () => random() < 0.2;
    const { chat, texts, unsettled } = await online(server);
    const mine: string[] = [];
    while (mine.length < 100) {
      if (random() < 0.5) chat.send('lobby', mine[mine.push(`mine ${mine.length}`) - 1]!);
      else server.say('bob', `bob ${server.record.length}`);
      await vi.advanceTimersByTimeAsync(random() * 300);
    }
    server.loses = () => false;
    await vi.advanceTimersByTimeAsync(60_000);
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

test('what waits under a name waits under its normal form, which is what the server will say', async () => {
  const server = new FakeServer();
  const owners: string[] = [];
  const { chat } = chatWith(server, undefined, {
    name: ' Zoe\u0308\u00a0 B ',
    store: (user) => (owners.push(user), new FakeStore()),
  });
  chat.connect();
  expect(new URL(server.socket!.url).searchParams.get('name')).toBe('Zo\u00eb B');
  server.socket!.welcome('Zo\u00eb B');
  expect(owners).toEqual(['Zo\u00eb B']);
});
