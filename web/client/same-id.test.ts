// Messages under one id: sent twice, by two lives or two callers, given up and sent again. One is on the record, once,
// and none is lost for another one.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { OutboxItem } from './outbox-item.ts';
import { chatWith, FakeServer, FakeStore, online } from './testing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const sends = (server: FakeServer) =>
  server.sockets.flatMap((socket) => socket.sent.filter((frame) => frame.type === 'send'));
const whole = { conversation: 'lobby', id: 'x', text: 'hi', created: 1, since: 0, state: 'sending' } as const;

/** A store that has an item, and takes a while to say so. */
function slowStore(item: Partial<OutboxItem>): FakeStore {
  const store = new FakeStore();
  store.items.set('x', { ...whole, ...item });
  const { open } = store;
  store.open = async (found) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return open.call(store, found);
  };
  return store;
}

test('what is refused for an id that waits stands beside it, and takes nothing from the other', async () => {
  const { server, chat, texts, store, told, unsettled } = await online();
  server.socket!.drop();
  const first = chat.send('lobby', 'hi', { id: 'x' });
  const other = chat.send('lobby', 'ho', { id: 'x' });
  const tooLong = chat.send('lobby', 'y'.repeat(20_000), { id: 'x' });
  expect([first.state, other.code, tooLong.code]).toEqual(['sending', 'conflict', 'too_large']);
  expect(chat.unsettled('lobby')).toEqual([first, other, tooLong]);
  await vi.advanceTimersByTimeAsync(0);
  chat.discard({ ...other }); // a copy, as React's hooks have it
  chat.discard(other);
  chat.retry({ ...tooLong });
  chat.discard(tooLong);
  await vi.advanceTimersByTimeAsync(0);
  expect([unsettled(), [...store.items.values()].map((item) => item.text)]).toEqual([['sending hi'], ['hi']]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([texts(), first.state, told.failed.length]).toEqual([['hi'], 'recorded', 3]); // the last at its retry
});

test('what is refused for an id that waits may be sent under another one, whatever became of the first', async () => {
  const { server, chat, texts, store } = await online();
  server.answers = false;
  const first = chat.send('lobby', 'hi', { id: 'x' });
  const other = chat.send('lobby', 'ho', { id: 'x' });
  server.answers = true;
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect([first.state, texts(), other.state]).toEqual(['recorded', ['hi'], 'failed']);
  chat.retry(other);
  expect([other.state, texts(), other.id === 'x']).toEqual(['recorded', ['hi', 'ho'], false]);
  await vi.advanceTimersByTimeAsync(0);
  expect(store.items.size).toBe(0);
});

test('one that was refused for its size, and fits now, does not take the id from one that waits', async () => {
  const server = new FakeServer();
  server.limits = { text: 3 };
  const { chat } = await online(server);
  const long = chat.send('lobby', 'long', { id: 'x' });
  server.limits = {};
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  server.answers = false;
  const waits = chat.send('lobby', 'hi', { id: 'x' });
  chat.retry(long);
  expect([waits.state, long.state, long.code, sends(server).length]).toEqual(['sending', 'failed', 'conflict', 1]);
});

test('one that was never sent is not taken for another one that is seen in the record', async () => {
  const server = new FakeServer();
  server.say('ann', 'of an earlier life', 'x');
  const { chat, lobby } = chatWith(server);
  chat.join('lobby');
  const refused = chat.send('lobby', 'y'.repeat(20_000), { id: 'x' });
  chat.connect();
  await vi.advanceTimersByTimeAsync(1);
  expect([lobby().joined, refused.state]).toEqual([true, 'failed']);
});

test('one whose id stands on the record with another text is refused, also where that is seen first', async () => {
  const { server, chat } = await online();
  server.answers = false;
  const item = chat.send('lobby', 'hi', { id: 'x' });
  server.say('ann', 'another text', 'x');
  server.socket!.reply('send', { type: 'error', code: 'conflict', reason: 'another text', conversation: 'lobby' });
  expect([item.state, item.code]).toEqual(['failed', 'conflict']);
  server.answers = true;
  chat.join('lobby', { after: 0 }); // it is seen once more
  expect(item.state).toBe('failed');
});

test('what an earlier life has sent, and is sent before the store has answered, is on the record once', async () => {
  const server = new FakeServer();
  for (let n = 1; n <= 41; n++) server.say('bob', `m${n}`);
  const life = async (store: FakeStore) => {
    const client = chatWith(server, store);
    client.chat.join('lobby', { limit: 0 }); // it is not seen
    client.chat.connect();
    const item = client.chat.send('lobby', 'hi', { id: 'x' });
    return { ...client, item };
  };
  server.say('ann', 'hi', 'x'); // its ack, and the tab, were lost
  server.say('bob', 'm43');
  server.forgotten = 43; // that was hours ago
  const store = slowStore({ since: 41, log: 'log-1', created: 7 });
  const { item, chat } = await life(store);
  const later = chat.send('lobby', 'later');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(item).toMatchObject({ state: 'recorded', seq: 42, duplicate: true, created: 7 });
  expect(server.record.slice(41).map((entry) => entry.text)).toEqual(['hi', 'm43', 'later']);
  expect([later.state, store.items.size]).toEqual(['recorded', 0]);
});

test('where it is not joined, all of the record is searched for it', async () => {
  const server = new FakeServer();
  server.say('ann', 'hi', 'x');
  server.say('bob', 'm2');
  server.forgotten = 2;
  const { chat } = chatWith(server, slowStore({}));
  chat.connect();
  const item = chat.send('lobby', 'hi', { id: 'x', since: 2 });
  await vi.advanceTimersByTimeAsync(1_000);
  expect([item.seq, server.record.length]).toEqual([1, 2]);
});

test('another text under an id that the store holds is refused, and what the store holds is sent', async () => {
  const server = new FakeServer();
  const store = slowStore({});
  const { chat, told, unsettled } = chatWith(server, store);
  chat.connect();
  const newcomer = chat.send('lobby', 'ho', { id: 'x' });
  const settled = chat.settled(newcomer);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await settled).toMatchObject({ state: 'failed', code: 'conflict', text: 'ho' });
  expect([server.record.map((entry) => entry.text), told.failed]).toEqual([['hi'], ['conflict ho']]);
  expect([unsettled(), store.items.size]).toEqual([['failed ho'], 0]);
});

test('what is given up, or cannot be sent, before the store has answered takes nothing from it', async () => {
  const server = new FakeServer();
  server.limits = { text: 3 };
  const store = slowStore({});
  const { chat } = chatWith(server, store);
  chat.connect();
  chat.discard(chat.send('lobby', 'ho', { id: 'x' }));
  const tooLong = chat.send('lobby', 'four', { id: 'x' });
  await vi.advanceTimersByTimeAsync(1_000);
  expect([server.record.map((entry) => entry.text), tooLong.state, store.items.size]).toEqual([['hi'], 'failed', 0]);
});

test("an id of the caller's own is kept once the store has answered, and one that is made up at once", async () => {
  const server = new FakeServer();
  server.answers = false;
  const store = slowStore({ id: 'another' });
  const { chat } = chatWith(server, store);
  chat.connect();
  chat.send('lobby', 'own', { id: 'own' });
  chat.send('lobby', 'made up');
  const kept = () => [...store.items.values()].map((item) => item.text);
  await vi.advanceTimersByTimeAsync(1);
  expect(kept()).toEqual(['hi', 'made up']);
  await vi.advanceTimersByTimeAsync(100);
  expect(kept()).toEqual(['hi', 'made up', 'own']);
});

test('one that is given up and sent again under its id goes at once, and is settled', async () => {
  for (const joined of [false, true]) {
    for (const order of ['ack', 'entry']) {
      const { server, chat, texts } = await online();
      if (!joined) chat.leave('lobby');
      server.answers = false;
      const first = chat.send('lobby', 'hi', { id: 'x' });
      const { ref } = server.socket!.last('send');
      chat.discard(first);
      const second = chat.send('lobby', 'hi', { id: 'x' });
      const settled = chat.settled(second);
      const ack = { type: 'ack', conversation: 'lobby', id: 'x', seq: 1, time: 'then', sum: 'hi', log: 'log-1' };
      if (order === 'ack') server.socket!.receive({ ...ack, ref });
      server.say('ann', 'hi', 'x');
      if (order !== 'ack') server.socket!.receive({ ...ack, ref });
      server.socket!.reply('send', { ...ack, duplicate: true });
      expect(await settled).toMatchObject({ state: 'recorded', seq: 1, sum: 'hi' });
      expect([first.state, texts(), chat.unsettled('lobby')]).toEqual(['discarded', joined ? ['hi'] : [], []]);
    }
  }
});

test('one and the same content is told by what JSON makes of it, as the server does', async () => {
  const { server, chat } = await online();
  server.socket!.drop();
  const first = chat.send('lobby', 'hi', { id: 'x', meta: { a: 1, b: { c: [1, 2], d: null } } });
  expect(chat.send('lobby', 'hi', { id: 'x', meta: { b: { d: null, c: [1, 2] }, a: 1.0 } })).toBe(first);
  const list = { 0: 1, 1: 2 };
  const others = [{ a: 1, b: { c: [2, 1], d: null } }, { a: 1 }, { a: 1, b: { c: list, d: null } }, undefined];
  for (const meta of others)
    expect(chat.send('lobby', 'hi', { id: 'x', meta }).code, JSON.stringify(meta)).toBe('conflict');
});

test('a program that sends again under an id that stands with another text is refused again', async () => {
  const { server, chat } = await online();
  server.say('ann', 'another text', 'x');
  const first = chat.send('lobby', 'hi', { id: 'x' });
  expect([first.state, first.code]).toEqual(['failed', 'conflict']);
  expect(chat.send('lobby', 'hi', { id: 'x' })).toBe(first);
  expect([first.state, first.id, server.record.length, sends(server).length]).toEqual(['failed', 'x', 1, 2]);
});

test('what is sent again late is on the record once, however old its first sending is, joined or not', async () => {
  for (const joined of [true, false]) {
    const { server, chat } = await online();
    server.say('bob', 'before');
    if (!joined) chat.leave('lobby');
    server.loses = (frame) => frame.type === 'ack' || frame.text === 'hi';
    chat.send('lobby', 'hi');
    for (let n = 3; n <= 60; n++) server.say('bob', `m${n}`);
    server.loses = (frame) => frame.type === 'message'; // it is not seen before it is sent again
    server.forgotten = 60; // the night was long
    chat.leave('lobby');
    if (joined) chat.join('lobby', { limit: 0 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sends(server).map((send) => send.since)).toEqual(joined ? [1, 1] : [undefined, 0]);
    expect([chat.unsettled('lobby'), server.record.filter((entry) => entry.text === 'hi').length]).toEqual([[], 1]);
  }
});
