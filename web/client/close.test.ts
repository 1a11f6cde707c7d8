// What close leaves, and what it puts on the record before that.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Chat, ChatEvents } from './chat.ts';
import type { ConnectionState } from './page-connection.ts';
import { chatWith, FakeServer, FakeStore, online } from './testing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('close with flush waits until nothing waits, and says how many were left', async () => {
  const { server, chat, texts } = await online();
  server.latency = 100;
  for (let n = 1; n <= 100; n++) chat.send('lobby', `m${n}`);
  const closed = chat.close({ flush: 5_000 });
  await vi.advanceTimersByTimeAsync(4_000);
  expect([await closed, texts().length, chat.connection.state.phase]).toEqual([0, 100, 'stopped']);
});

test('a flush ends when its time is over, and goes on over a lost connection until then', async () => {
  const { server, chat } = await online();
  server.answers = false;
  chat.send('lobby', 'one');
  chat.send('lobby', 'two');
  const closed = chat.close({ flush: 5_000 });
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(4_999);
  expect([chat.connection.state.phase, server.sockets.length]).toEqual(['online', 2]);
  await vi.advanceTimersByTimeAsync(1);
  expect([await closed, chat.connection.state.phase]).toEqual([2, 'stopped']);
});

test('what fails is not left; what is left goes on with the next connection', async () => {
  const { server, chat, texts } = await online();
  server.refuses = ({ text }) =>
    text === 'bad' ? { code: 'forbidden', reason: 'no' } : { code: 'unavailable', reason: 'no disk' };
  chat.send('lobby', 'bad');
  chat.send('lobby', 'good');
  expect(await chat.close()).toBe(1);
  server.refuses = () => undefined;
  chat.connect();
  await vi.advanceTimersByTimeAsync(10);
  expect(texts()).toEqual(['good']);
});

test('nothing is waited for where there is no connection to come', async () => {
  const { chat } = chatWith(new FakeServer(), new FakeStore());
  chat.send('lobby', 'hi');
  expect(await chat.close({ flush: 60_000 })).toBe(1);
});

const whole = { conversation: 'lobby', since: 0, state: 'sending' } as const;

test('a flush puts on the record what the store had, too', async () => {
  for (const name of ['ann', undefined]) {
    const server = new FakeServer();
    const store = new FakeStore();
    for (let n = 1; n <= 5; n++) store.items.set(`${n}`, { ...whole, id: `${n}`, text: `m${n}`, created: n });
    const { open } = store;
    store.open = async (found) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return open.call(store, found);
    };
    const { chat } = chatWith(server, store, { name });
    chat.connect();
    const closed = chat.close({ flush: 5_000 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect([await closed, server.record.length, chat.connection.state.phase]).toEqual([0, 5, 'stopped']);
  }
});

test('a flush may be longer than a timer can be, or without an end', async () => {
  for (const flush of [2 ** 31, Infinity]) {
    const { server, chat } = await online();
    server.answers = false;
    chat.send('lobby', 'hi');
    const closed = chat.close({ flush });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(chat.connection.state.phase).toBe('online');
    server.answers = true;
    server.socket!.drop();
    await vi.advanceTimersByTimeAsync(1_000);
    expect([await closed, server.record.length]).toEqual([0, 1]);
  }
});

test('a flush of what waits for another user ends with the next one, who has nothing', async () => {
  const stores = new Map([
    ['ann', new FakeStore()],
    ['bob', new FakeStore()],
  ]);
  const { server, chat } = await online(undefined, undefined, { store: (user) => stores.get(user)! });
  server.answers = false;
  chat.send('lobby', 'hi');
  const closed = chat.close({ flush: Infinity });
  server.user = 'bob';
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect([await closed, chat.connection.state.phase, stores.get('ann')!.items.size]).toEqual([0, 'stopped', 1]);
});

test('who connects while a flush is under way stays connected', async () => {
  const { server, chat } = await online();
  server.latency = 100;
  chat.send('lobby', 'hi');
  const closed = chat.close({ flush: 5_000 });
  chat.connect();
  await vi.advanceTimersByTimeAsync(10_000);
  expect([await closed, chat.connection.state.phase, server.sockets.length]).toEqual([0, 'online', 1]);
  void chat.close({ flush: 5_000 });
  void chat.close();
  chat.connect();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(chat.connection.state.phase).toBe('online');
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
  expect([chat.connection.state.phase, told.states.at(-1)!.phase]).toEqual(['stopped', 'stopped']);
  expect([server.sockets.length, store.closed]).toEqual([1, true]);
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
