import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Chat, ChatEvents } from './chat.ts';
import type { ConnectionState } from './connection.ts';
import { chatWith, FakeServer, FakeStore, online } from './testing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());


test('after a lost connection the join goes on from the last entry of the same log', async () => {
  const { server, texts } = await online();
  server.say('bob', 'one');
  server.socket!.drop();
  server.say('bob', 'two');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.socket!.last('join')).toMatchObject({ conversation: 'lobby', after: 1, log: 'log-1' });
  expect(texts()).toEqual(['one', 'two']);
});

test('the first entry of an empty conversation makes its log known', async () => {
  const { server, lobby, texts } = await online();
  expect(lobby().timeline.log).toBeUndefined();
  server.say('bob', 'one');
  expect(lobby().timeline.log).toBe('log-1');
  expect(texts()).toEqual(['one']);
});

test('another log starts the conversation anew, and the page is told', async () => {
  const { server, chat, lobby, texts, told } = await online();
  server.say('bob', 'old');
  const atReset: unknown[] = [];
  chat.on('reset', () => atReset.push(texts(), lobby().newest, lobby().log));
  server.wipe();
  server.say('bob', 'new');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(atReset).toEqual([[], 0, undefined]);
  expect(texts()).toEqual(['new']);
  expect(told.resets).toEqual(['lobby']);
});

test('what waits for another log may stand anywhere in it, if it was ever sent', async () => {
  const { server, chat, texts } = await online();
  for (const text of ['a', 'b', 'c']) server.say('bob', text);
  server.latency = 5;
  chat.send('lobby', 'tried');
  server.socket!.drop();
  chat.send('lobby', 'new');
  server.wipe();
  server.say('bob', 'first');
  await vi.advanceTimersByTimeAsync(1_000);
  const sends = server.sockets.flatMap((socket) => socket.sent).filter((frame) => frame.type === 'send');
  expect(sends).toMatchObject([{ text: 'tried', since: 3 }, { text: 'tried', since: 0 }, { text: 'new', since: 1 }]);
  expect(texts()).toEqual(['first', 'tried', 'new']);
});

test('a record that is empty now is another one too', async () => {
  const { server, texts, lobby, told } = await online();
  server.say('bob', 'old');
  server.log = 'log-2';
  server.record = [];
  server.forgives = true;
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told.resets).toEqual(['lobby']);
  expect([texts(), lobby().newest, lobby().unread]).toEqual([[], 0, 0]);
});

test('who follows hears of another record too, and shows nothing of the old one on coming back', async () => {
  const { server, chat, texts, told } = await online();
  server.say('bob', 'old');
  chat.open('kitchen');
  server.wipe();
  server.say('bob', 'new');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told.resets).toEqual(['lobby']);
  expect(texts()).toEqual([]);
  chat.open('lobby');
  expect(texts()).toEqual(['new']);
});

test('the log of a conversation that was empty is known from its first entry on: another one is not continued', async () => {
  const { server, texts, told } = await online();
  server.say('bob', 'old one');
  server.wipe();
  for (const text of ['new one', 'new two']) server.say('bob', text);
  await vi.advanceTimersByTimeAsync(5_000);
  expect([texts(), told.resets]).toEqual([['new one', 'new two'], ['lobby']]);
});

test('the ack of the first entry names the log too, where the entry itself does not come', async () => {
  const { server, chat, lobby } = await online();
  server.answers = false;
  const sent = chat.send('lobby', 'first');
  await vi.advanceTimersByTimeAsync(1);
  server.socket!.reply('send', { type: 'ack', conversation: 'lobby', id: sent.id, seq: 1, time: '', log: 'log-1' });
  expect([lobby().log, lobby().timeline.log]).toEqual(['log-1', 'log-1']);
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.socket!.last('join')).toMatchObject({ after: 0, log: 'log-1' });
});

test('an older copy of the record that was put back is another record: one\'s own ack tells', async () => {
  const { server, chat, texts, told } = await online();
  for (const text of ['a', 'b']) server.say('bob', text);
  chat.send('lobby', 'mine');
  await vi.advanceTimersByTimeAsync(1);
  server.say('bob', 'c');
  server.putBack(2);
  for (const text of ['other three', 'other four', 'other five']) server.say('bob', text);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(server.sockets[1]!.sent.filter((frame) => frame.type === 'join')).toMatchObject([
    { after: 4, log: 'log-1', known: 3, sum: 'a ‖ b ‖ mine' },
    { conversation: 'lobby' },
  ]);
  expect([texts(), told.resets]).toEqual([['a', 'b', 'other three', 'other four', 'other five'], ['lobby']]);
});

test('a join\'s own sum tells of an older copy that was put back', async () => {
  const record = new FakeServer();
  for (const text of ['a', 'b', 'c']) record.say('bob', text);
  const { server, texts, told } = await online(record);
  server.putBack(2);
  for (const text of ['other three', 'other four']) server.say('bob', text);
  await vi.advanceTimersByTimeAsync(5_000);
  const join = server.sockets[1]!.sent.find((frame) => frame.type === 'join');
  expect(join).toMatchObject({ after: 3, log: 'log-1', known: 3, sum: 'a ‖ b ‖ c' });
  expect([texts(), told.resets]).toEqual([['a', 'b', 'other three', 'other four'], ['lobby']]);
});

test('who has only read since it joined finds out too, by its newest entry', async () => {
  const { server, texts, told } = await online();
  for (const text of ['a', 'b', 'c', 'd']) server.say('bob', text);
  server.socket!.drop(); // an ordinary loss changes nothing
  await vi.advanceTimersByTimeAsync(5_000);
  expect([texts(), told.resets]).toEqual([['a', 'b', 'c', 'd'], []]);
  server.say('bob', 'e');
  server.say('bob', 'f');
  server.putBack(5); // "d", whose sum the second join told, is there still
  for (const text of ['other six', 'other seven']) server.say('bob', text);
  await vi.advanceTimersByTimeAsync(5_000);
  expect([texts(), told.resets]).toEqual([['a', 'b', 'c', 'd', 'e', 'other six', 'other seven'], ['lobby']]);
});

test('who only followed while an older copy was put back finds out as well, and shows no two histories as one', async () => {
  const record = new FakeServer();
  for (const text of ['a', 'b', 'c']) record.say('bob', text);
  const { server, chat, lobby, texts, told } = await online(record);
  server.say('bob', 'd'); // its sum is told to nobody
  chat.open('kitchen');
  expect(server.socket!.last('join')).toMatchObject({ conversation: 'kitchen' });
  server.socket!.drop(); // an ordinary loss changes nothing
  await vi.advanceTimersByTimeAsync(1_000);
  expect([texts(), told.resets]).toEqual([['a', 'b', 'c', 'd'], []]);
  server.putBack(1);
  for (const text of ['other two', 'other three', 'other four', 'other five']) server.say('bob', text);
  await vi.advanceTimersByTimeAsync(5_000);
  expect([lobby().newest, told.resets]).toEqual([5, ['lobby']]);
  chat.open('lobby');
  expect(texts()).toEqual(['a', 'other two', 'other three', 'other four', 'other five']);
  expect(told.resets).toEqual(['lobby']);
});

test.for(['open', 'followed'] as const)('a doubt about the record outlives the connection that was lost before it was settled: %s', async (mode) => {
  const { server, chat, texts, told } = await online();
  for (const text of ['a', 'b', 'c']) server.say('bob', text);
  if (mode === 'followed') chat.open('kitchen');
  server.loses = (frame) => frame.type === 'history';
  server.putBack(1);
  for (const text of ['other two', 'other three', 'other four']) server.say('bob', text);
  await vi.advanceTimersByTimeAsync(1_000);
  server.loses = () => false;
  await vi.advanceTimersByTimeAsync(10_000);
  chat.open('lobby');
  expect([texts(), told.resets]).toEqual([['a', 'other two', 'other three', 'other four'], ['lobby']]);
});

test('what waits while an older copy is put back knows of no place in the history that is gone', async () => {
  const record = new FakeServer();
  for (const text of ['a', 'b', 'c']) record.say('bob', text);
  const { server, chat, texts, unsettled } = await online(record);
  server.answers = false;
  chat.send('lobby', 'mine', { target: 3 });
  expect(server.socket!.last('send')).toMatchObject({ since: 3, target: 3 });
  chat.send('lobby', 'also mine');
  server.answers = true;
  server.putBack(1);
  await vi.advanceTimersByTimeAsync(5_000);
  const sends = server.socket!.sent.filter((frame) => frame.type === 'send');
  for (const send of sends) expect(send).toMatchObject({ since: 0 });
  expect(sends[0]).toMatchObject({ text: 'mine' });
  expect(sends[0]).not.toHaveProperty('target');
  expect([texts(), unsettled()]).toEqual([['a', 'mine', 'also mine'], []]);
});

test('the entry that is known stays known over a lost connection, and an ack of before the join\'s answer is none', async () => {
  const { server, chat, texts, told } = await online();
  server.say('bob', 'a');
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.socket!.last('join')).not.toHaveProperty('known'); // no joined and no ack has told a sum yet
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.socket!.last('join')).toMatchObject({ after: 1, known: 1, sum: 'a' });
  server.refusesJoin = { code: 'unavailable', reason: 'no' };
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  chat.conversation('lobby').acked({ type: 'ack', conversation: 'lobby', seq: 9, time: '', sum: 'another history' });
  server.refusesJoin = undefined;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(server.socket!.last('join')).toMatchObject({ after: 1, known: 1, sum: 'a' });
  expect([texts(), told.resets]).toEqual([['a'], []]);
});

test('what is opened again far behind is opened at its end; a connection lost on the way from far behind is gone on with', async () => {
  const { server, chat, lobby } = await online();
  const heard: number[] = [];
  server.say('bob', 'm1');
  chat.on('message', ({ message }) => heard.push(message.seq));
  chat.open('kitchen');
  for (let n = 2; n <= 2_000; n++) server.say('bob', `m${n}`);
  server.socket!.receive({ type: 'last', conversation: 'lobby', last: 2_000, time: '' });
  chat.open('lobby');
  expect([lobby().timeline.first, lobby().timeline.last]).toEqual([1_951, 2_000]);
  server.socket!.drop();
  for (let n = 2_001; n <= 5_000; n++) server.say('bob', `m${n}`);
  server.loses = (frame) => frame.seq === 2_500;
  await vi.advanceTimersByTimeAsync(400);
  server.loses = () => false;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(heard).toEqual(Array.from({ length: 3_050 }, (_, index) => 1_951 + index));
});

test('what was acknowledged on the old record waits for nothing on the new one', async () => {
  const { server, chat, unsettled } = await online();
  server.say('bob', 'one');
  server.answers = false;
  chat.send('lobby', 'mine');
  server.socket!.reply('send', { type: 'ack', conversation: 'lobby', id: server.socket!.last('send').id, seq: 2 });
  expect(unsettled()).toEqual(['recorded mine']);
  server.answers = true;
  server.wipe();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(unsettled()).toEqual([]);
});

test('each entry is told once, in order, over a lost connection', async () => {
  const { server, chat } = await online();
  const heard: unknown[] = [];
  chat.on('message', ({ conversation, message }) => heard.push([conversation, message.seq, message.text]));
  server.say('bob', 'one');
  server.socket!.drop();
  server.say('bob', 'two');
  await vi.advanceTimersByTimeAsync(1_000);
  server.say('bob', 'three');
  expect(heard).toEqual([['lobby', 1, 'one'], ['lobby', 2, 'two'], ['lobby', 3, 'three']]);
});

test('a page of history is a promise, which says why there is none', async () => {
  const server = new FakeServer();
  for (let n = 1; n <= 9; n++) server.say('bob', `m${n}`);
  const { chat } = await online(server);
  const page = await chat.history('lobby', { before: 4, limit: 2 });
  expect([page.messages.map((entry) => entry.seq), page.more]).toEqual([[2, 3], true]);
  server.answers = false;
  const lost = expect(chat.history('lobby', { before: 4 })).rejects.toMatchObject({ name: 'RequestError', code: 'disconnected' });
  server.socket!.drop();
  await lost;
  await expect(chat.history('lobby')).rejects.toMatchObject({ code: 'disconnected' });
});

test('the server\'s refusal of a page of history is an error with its code', async () => {
  const { server, chat } = await online();
  server.answers = false;
  const asked = expect(chat.history('lobby', { after: 99 })).rejects.toMatchObject({ code: 'bad_request', message: 'the last is 0' });
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
  chat.on('message', () => { throw new Error('a broken page'); });
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
  expect(server.socket!.sent.filter((frame) => frame.type === 'read')).toMatchObject([{ type: 'read', conversation: 'lobby', seq: 2 }]);
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
  const { chat } = chatWith(server, undefined, { name: ' Zoe\u0308\u00a0 B ', store: (user) => (owners.push(user), new FakeStore()) });
  chat.connect();
  expect(new URL(server.socket!.url).searchParams.get('name')).toBe('Zo\u00eb B');
  server.socket!.welcome('Zo\u00eb B');
  expect(owners).toEqual(['Zo\u00eb B']);
});

/** What an application is told of, and closes the chat at. */
const ends: { what: string; lose(server: FakeServer, chat: Chat): void; event: keyof ChatEvents; phase?: string }[] = [
  { what: 'it waits', lose: (server) => server.socket!.drop(), event: 'state', phase: 'waiting' },
  { what: 'a conversation is not joined any more', lose: (server) => server.socket!.drop(), event: 'change' },
  { what: 'the largest message failed', lose: (server) => server.socket!.drop(1009), event: 'failed' },
];

test.for(ends)('who closes a chat when told that $what has closed it', async ({ lose, event, phase }) => {
  const { server, chat, told, store } = await online();
  server.answers = false;
  chat.send('lobby', 'on its way');
  chat.on(event, (heard) => void ((phase === undefined || (heard as ConnectionState).phase === phase) && chat.close()));
  lose(server, chat);
  await vi.advanceTimersByTimeAsync(120_000);
  expect([chat.connection.state.phase, told.states.at(-1)!.phase, server.sockets.length]).toEqual(['stopped', 'stopped', 1]);
  expect(store.closed).toBe(true);
});

test('a state that is over is told to nobody: one listener closes, and the next one hears of that alone', async () => {
  const server = new FakeServer();
  const { chat } = chatWith(server);
  const heard: string[] = [];
  chat.on('state', ({ phase }) => void (phase === 'online' && chat.close()));
  chat.on('state', ({ phase }) => heard.push(phase));
  chat.connect();
  await vi.advanceTimersByTimeAsync(1);
  expect(heard).toEqual(['connecting', 'stopped']);
});

test('who closes a chat at the first word of its store has closed it, and the store', async () => {
  const server = new FakeServer();
  const store = Object.assign(new FakeStore(), { keepsNothing: 'in memory alone' });
  const { chat, told } = chatWith(server, store);
  chat.on('storage', () => void chat.close());
  chat.connect();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([told.states.map(({ phase }) => phase), server.sockets.length, store.closed]).toEqual([['stopped'], 0, true]);
});
