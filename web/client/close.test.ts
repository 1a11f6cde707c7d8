// What close leaves, and what it puts on the record before that.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
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

test('a flush puts on the record what the store had, too', async () => {
  for (const name of ['ann', undefined]) {
    const server = new FakeServer();
    const store = new FakeStore();
    for (let n = 1; n <= 5; n++)
      store.items.set(`${n}`, { id: `${n}`, conversation: 'lobby', text: `m${n}`, created: n, since: 0, state: 'sending' });
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
  const stores = new Map([['ann', new FakeStore()], ['bob', new FakeStore()]]);
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
