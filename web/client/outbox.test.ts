import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MemoryStore } from './outbox-store.ts';
import { chatWith, FakeServer, FakeStore, online } from './testing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const sends = (server: FakeServer) =>
  server.sockets.flatMap((socket) => socket.sent.filter((frame) => frame.type === 'send'));

test('a message is sending until its ack, and then on the record', async () => {
  const { server, chat, texts, unsettled, store } = await online();
  server.loses = () => true;
  chat.send('lobby', 'hi');
  expect(unsettled()).toEqual(['sending hi']);
  expect(store.items.size).toBe(1);
  server.loses = () => false;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(texts()).toEqual(['hi']);
  expect(unsettled()).toEqual([]);
  expect(store.items.size).toBe(0);
});

test('an acknowledged message that the timeline does not show yet is recorded, not sending', async () => {
  const { server, chat, texts, unsettled, store } = await online();
  server.answers = false;
  chat.send('lobby', 'hi');
  const { id } = server.socket!.last('send');
  server.socket!.reply('send', { type: 'ack', conversation: 'lobby', id, seq: 1 });
  expect(unsettled()).toEqual(['recorded hi']);
  expect(store.items.size).toBe(0);
  server.socket!.receive({ type: 'message', conversation: 'lobby', seq: 1, id, from: 'ann', time: '', text: 'hi' });
  expect(unsettled()).toEqual([]);
  expect(texts()).toEqual(['hi']);
});

test('what is sent again has the same id, its order and the same since', async () => {
  const { server, chat, texts } = await online();
  server.say('bob', 'before');
  server.socket!.drop();
  for (const text of ['one', 'two', 'three']) chat.send('lobby', text);
  server.say('bob', 'between');
  server.loses = (frame) => frame.type === 'ack'; // the first is recorded, its ack is lost
  await vi.advanceTimersByTimeAsync(600);
  server.loses = () => false;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(texts()).toEqual(['before', 'between', 'one', 'two', 'three']);
  const [one, ...others] = sends(server);
  expect(new Set(sends(server).map((send) => send.id)).size).toBe(3);
  expect(sends(server).every((send) => send.since === 1)).toBe(true);
  expect(one!.prev).toBeUndefined();
  expect(others.find((send) => send.text === 'two')!.prev).toBe(one!.id);
});

test('a reload keeps what is not acknowledged', async () => {
  const before = await online();
  before.server.socket!.drop();
  before.chat.send('lobby', 'one');
  before.chat.send('lobby', 'two');
  before.chat.connection.stop();
  const after = await online(before.server, before.store);
  expect(after.texts()).toEqual(['one', 'two']);
  expect(before.store.items.size).toBe(0);
});

test('a refused message says why, may be tried again or dropped, and holds nobody up', async () => {
  const { server, chat, texts, unsettled } = await online();
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

test('while the server cannot record, messages wait in order', async () => {
  const { server, chat, texts, unsettled } = await online();
  server.refuses = () => ({ code: 'unavailable', reason: 'disk full', retry_after: 3 });
  chat.send('lobby', 'one');
  chat.send('lobby', 'two');
  expect(sends(server).length).toBe(1);
  server.refuses = () => undefined;
  await vi.advanceTimersByTimeAsync(2_999);
  expect(unsettled()).toEqual(['sending one', 'sending two']);
  await vi.advanceTimersByTimeAsync(1);
  expect(texts()).toEqual(['one', 'two']);
});

test('what waits for the record says why, until it is there', async () => {
  const { server, chat } = await online();
  server.refuses = () => ({ code: 'unavailable', reason: 'disk full', retry_after: 3 });
  chat.send('lobby', 'one');
  expect(chat.unsettled('lobby').map((item) => item.reason)).toEqual(['disk full']);
  server.answers = false;
  await vi.advanceTimersByTimeAsync(3_000);
  const { id } = server.socket!.last('send');
  server.socket!.reply('send', { type: 'ack', conversation: 'lobby', id, seq: 1 });
  expect(chat.unsettled('lobby').map((item) => [item.state, item.reason])).toEqual([['recorded', undefined]]);
});

test('an answer keeps its target when it is sent again, and loses it with the log that it was a place in', async () => {
  const { server, chat } = await online();
  server.say('bob', 'question');
  server.refuses = () => ({ code: 'unavailable', reason: 'disk full', retry_after: 1 });
  chat.send('lobby', 'answer', { target: 1 });
  expect(sends(server).at(-1)!.target).toBe(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sends(server)).toHaveLength(2);
  expect(sends(server).at(-1)!.target).toBe(1);
  server.wipe();
  server.socket!.drop();
  server.refuses = () => undefined;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(sends(server).length).toBeGreaterThan(2);
  expect(sends(server).at(-1)!.target).toBeUndefined();
});

test('one that came out of order goes again after the one before it', async () => {
  const { server, chat, texts } = await online();
  server.socket!.drop();
  for (const text of ['one', 'two', 'three']) chat.send('lobby', text);
  let failures = 1;
  server.refuses = (send) =>
    send.text === 'one' && failures-- > 0 ? { code: 'unavailable', reason: 'disk full', retry_after: 1 } : undefined;
  await vi.advanceTimersByTimeAsync(500);
  expect(texts()).toEqual([]); // two and three were sent too, and refused: they name the one before them
  await vi.advanceTimersByTimeAsync(1_500);
  expect(texts()).toEqual(['one', 'two', 'three']);
});

test('prev is left off once the one before is known to be on the record', async () => {
  const { server, chat, texts } = await online();
  chat.send('lobby', 'one');
  chat.send('lobby', 'two');
  expect(texts()).toEqual(['one', 'two']);
  expect(sends(server).map((send) => send.prev)).toEqual([undefined, undefined]);
});

test('where the record forgot the id of the one before, its ack is enough', async () => {
  const { server, chat, texts } = await online();
  server.say('bob', 'before');
  server.latency = 5;
  server.socket!.drop();
  chat.send('lobby', 'one');
  chat.send('lobby', 'two');
  // A server that keeps ids for a while only: it knows `one` again by its since, but not as a prev.
  server.refuses = (send) => (send.prev ? { code: 'out_of_order', reason: 'prev is not known' } : undefined);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(texts()).toEqual(['before', 'one', 'two']);
});

test('a long queue is sent a few at a time, and all of it arrives', async () => {
  const { server, chat, texts } = await online();
  server.socket!.drop();
  const all = Array.from({ length: 60 }, (_, index) => `m${index}`);
  for (const text of all) chat.send('lobby', text);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(chat.unsettled('lobby')).toEqual([]);
  expect(server.record.map((entry) => entry.text)).toEqual(all);
  expect(texts()).toEqual(all);
});

test('what is sent before there is a connection waits for it, and so does who awaits it', async () => {
  const server = new FakeServer();
  const { chat, unsettled, told } = chatWith(server, new FakeStore(), { name: undefined });
  const sent = chat.send('lobby', 'early');
  expect(unsettled()).toEqual(['sending early']);
  chat.connect();
  const settled = chat.settled(sent);
  await vi.advanceTimersByTimeAsync(1);
  expect(await settled).toMatchObject({ state: 'recorded', seq: 1, id: sent.id });
  expect(told.recorded).toEqual(['early']);
});

test('what waits under a name is there before any connection', async () => {
  const store = new FakeStore();
  const first = await online(new FakeServer(), store);
  first.server.socket!.drop();
  first.chat.send('lobby', 'one');
  await first.chat.close();
  expect(store.closed).toBe(true);
  const again = chatWith(new FakeServer(), store);
  again.chat.connect();
  await vi.advanceTimersByTimeAsync(0);
  expect(again.chat.connection.state.phase).toBe('connecting');
  expect(again.unsettled()).toEqual(['sending one']);
});

test('nothing new overtakes what a slow store still has to give', async () => {
  const store = new FakeStore();
  const first = await online(new FakeServer(), store);
  first.server.socket!.drop();
  first.chat.send('lobby', 'older');
  await first.chat.close();
  const slow = Object.create(store) as FakeStore;
  slow.open = async (found) => (await new Promise((resolve) => setTimeout(resolve, 500)), store.open(found));
  const { server, chat, texts } = await online(new FakeServer(), slow);
  chat.send('lobby', 'newer');
  expect(sends(server)).toEqual([]);
  await vi.advanceTimersByTimeAsync(500);
  expect(texts()).toEqual(['older', 'newer']);
});

test('what another tab left behind is sent too, once, in its place', async () => {
  const { server, chat, store, texts } = await online();
  server.socket!.drop();
  chat.send('lobby', 'mine');
  const item = { id: 'x', conversation: 'lobby', text: 'left behind', created: 1, since: 0, state: 'sending' } as const;
  store.found([{ ...item }]);
  store.found([{ ...item }]);
  expect(chat.unsettled('lobby').map((waiting) => waiting.text)).toEqual(['left behind', 'mine']);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(texts()).toEqual(['left behind', 'mine']);
});

test('another user gets nothing of what waits for the one before', async () => {
  const store = new FakeStore();
  const other = new FakeStore();
  const { server, chat, unsettled } = await online(new FakeServer(), store, {
    store: (user) => (user === 'bob' ? other : store),
  });
  server.socket!.drop();
  chat.send('lobby', 'of ann');
  server.user = 'bob';
  await vi.advanceTimersByTimeAsync(1_000);
  expect([unsettled(), server.record, store.items.size, store.closed]).toEqual([[], [], 1, true]);
});

test('storage that is refused or full is said aloud once; the messages go all the same, and are kept when it is back', async () => {
  const store = new FakeStore();
  store.trouble = 'the disk is full';
  const { server, chat, unsettled, told } = await online(new FakeServer(), store);
  expect(told.storage).toEqual([{ lasting: false, reason: 'the disk is full' }]);
  server.answers = false;
  chat.send('lobby', 'one');
  chat.send('lobby', 'two');
  expect(sends(server).map((send) => send.text)).toEqual(['one', 'two']);
  await vi.advanceTimersByTimeAsync(0);
  expect(chat.storage).toEqual({ lasting: false, reason: 'the disk is full' });
  store.trouble = undefined;
  chat.send('lobby', 'three');
  await vi.advanceTimersByTimeAsync(0);
  expect([...store.items.values()].map((item) => item.text).sort()).toEqual(['one', 'three', 'two']);
  expect(told.storage.slice(1)).toEqual([{ lasting: true }]);
  expect(unsettled()).toHaveLength(3);
});

test('a first send to a conversation that is not joined searches nothing; sent again it searches all', async () => {
  const { server, chat } = await online();
  server.say('bob', 'before');
  chat.leave('lobby');
  server.loses = (frame) => frame.type === 'ack';
  chat.send('lobby', 'hi');
  server.loses = () => false;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sends(server).map((send) => send.since)).toEqual([undefined, 0]);
  expect(server.record.map((entry) => entry.text)).toEqual(['before', 'hi']);
});

test('what waits for a join goes when that is given up', async () => {
  const server = new FakeServer();
  server.answers = false;
  const { chat } = await online(server);
  const sent = chat.send('lobby', 'hi');
  server.answers = true;
  expect(sends(server)).toEqual([]);
  chat.leave('lobby');
  expect([sent.state, server.record.map((entry) => entry.text)]).toEqual(['recorded', ['hi']]);
});

test('what cannot be joined is not waited for: the server says what is wrong with each send', async () => {
  const server = new FakeServer();
  server.refusesJoin = { code: 'forbidden', reason: 'members only' };
  server.refuses = () => ({ code: 'forbidden', reason: 'members only' });
  const { chat } = await online(server);
  const sent = chat.send('lobby', 'hi');
  expect([sent.state, sent.reason, sent.code]).toEqual(['failed', 'members only', 'forbidden']);
});

test('an id that stands on the record with another text is not tried again, the text is', async () => {
  const { server, chat, texts, store } = await online();
  server.refuses = () => ({ code: 'conflict', reason: 'another text' });
  const sent = chat.send('lobby', 'hi');
  const { id } = sent;
  expect(sent.state).toBe('failed');
  server.refuses = () => undefined;
  chat.retry(id);
  expect(texts()).toEqual(['hi']);
  expect(sent.id).not.toBe(id);
  await vi.advanceTimersByTimeAsync(0);
  expect(store.items.size).toBe(0);
});

test('one that names a message which was discarded meanwhile goes again without it', async () => {
  const { server, chat, texts } = await online();
  server.answers = false;
  const one = chat.send('lobby', 'one');
  chat.send('lobby', 'two');
  const { ref } = server.socket!.last('send');
  chat.discard(one.id);
  server.answers = true;
  server.socket!.receive({
    type: 'error',
    code: 'out_of_order',
    reason: 'prev is not on the record',
    conversation: 'lobby',
    ref,
  });
  expect(texts()).toEqual(['two']);
});

test('a refusal of what was discarded meanwhile brings it back neither here nor in the store', async () => {
  const { server, chat, unsettled, store } = await online();
  server.answers = false;
  chat.discard(chat.send('lobby', 'never mind').id);
  server.socket!.reply('send', { type: 'error', code: 'forbidden', reason: 'not here', conversation: 'lobby' });
  await vi.advanceTimersByTimeAsync(0);
  expect([unsettled(), store.items.size]).toEqual([[], 0]);
});

test('what was written before a user was known is kept once one is', async () => {
  const server = new FakeServer();
  server.answers = false;
  const store = new FakeStore();
  const { chat } = chatWith(server, store, { name: undefined });
  chat.send('lobby', 'early');
  chat.connect();
  expect(store.items.size).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect([...store.items.values()].map((item) => item.text)).toEqual(['early']);
});

test('meta goes with the message', async () => {
  const { server, chat } = await online();
  chat.send('lobby', 'hi', { meta: { kind: 'greeting' } });
  expect(sends(server)).toMatchObject([{ text: 'hi', meta: { kind: 'greeting' } }]);
});

test('a store that keeps nothing is told of once, when it is opened: so it is with every program in Node', async () => {
  const { chat, told, texts } = await online(new FakeServer(), new MemoryStore() as never);
  chat.send('lobby', 'hi');
  await vi.advanceTimersByTimeAsync(10);
  expect([texts(), told.storage, chat.storage]).toEqual([
    ['hi'],
    [{ lasting: false, reason: 'what waits is in memory alone' }],
    { lasting: false, reason: 'what waits is in memory alone' },
  ]);
});
