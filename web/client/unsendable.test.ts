// A message that can never be sent: it fails with its reason, whoever kept it, and those behind it go on.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SendOptions } from './chat.ts';
import type { OutboxItem } from './outbox-item.ts';
import { byteLength } from './protocol.ts';
import { chatWith, FakeServer, FakeStore, type Frame, online } from './testing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const sends = (server: FakeServer) =>
  server.sockets.flatMap((socket) => socket.sent.filter((frame) => frame.type === 'send'));
const circle: Record<string, unknown> = {};
circle.itself = circle;

interface Case {
  what: string;
  text?: string;
  options?: SendOptions;
  code: string;
  says: RegExp;
}

const cases: Case[] = [
  {
    what: 'a text over the limit',
    text: 'y'.repeat(150_000),
    code: 'too_large',
    says: /at most 16384 bytes: this one has 150000/,
  },
  {
    what: 'a text over the limit in bytes alone',
    text: 'é'.repeat(8_193),
    code: 'too_large',
    says: /at most 16384 bytes: this one has 16386/,
  },
  { what: 'an empty text', text: '', code: 'bad_request', says: /1 to \d+ bytes/ },
  { what: 'a text with half of a surrogate pair', text: 'a\ud83d', code: 'bad_request', says: /surrogate/ },
  { what: 'a text with U+0000', text: 'a\0', code: 'bad_request', says: /U\+0000/ },
  {
    what: 'a meta with a bigint',
    options: { meta: { orderId: 1n } },
    code: 'bad_request',
    says: /meta is no JSON: .*BigInt/,
  },
  { what: 'a meta in a circle', options: { meta: circle }, code: 'bad_request', says: /meta is no JSON: .*circular/i },
  {
    what: 'a meta that throws',
    options: {
      meta: {
        toJSON() {
          throw new Error('not today');
        },
      },
    },
    code: 'bad_request',
    says: /meta is no JSON: not today/,
  },
  {
    what: 'a meta that is a list',
    options: { meta: [1] as never },
    code: 'bad_request',
    says: /meta is a JSON object/,
  },
  {
    what: 'a meta that becomes a text',
    options: { meta: { toJSON: () => 'x' } },
    code: 'bad_request',
    says: /meta is a JSON object/,
  },
  {
    what: 'a meta that becomes nothing',
    options: { meta: { toJSON: () => undefined } },
    code: 'bad_request',
    says: /meta is a JSON object/,
  },
  {
    what: 'a meta over the limit',
    options: { meta: { a: 'é'.repeat(2_045) } },
    code: 'too_large',
    says: /meta has at most 4096 bytes: this one has 4098/,
  },
  { what: 'a meta with U+0000', options: { meta: { a: 'x\0' } }, code: 'bad_request', says: /U\+0000/ },
  {
    what: 'a meta with half of a surrogate pair',
    options: { meta: { 'a\udc00': 1 } },
    code: 'bad_request',
    says: /surrogate/,
  },
  {
    what: 'an id over the limit',
    options: { id: 'é'.repeat(33) },
    code: 'too_large',
    says: /id has at most 64 bytes: this one has 66/,
  },
  { what: 'an empty id', options: { id: '' }, code: 'bad_request', says: /id is a string of 1 to 64 bytes/ },
  { what: 'an id with U+0000', options: { id: 'a\0' }, code: 'bad_request', says: /U\+0000/ },
  { what: 'a target that is no seq', options: { target: 1.5 }, code: 'bad_request', says: /target/ },
  { what: 'a since that is no seq', options: { id: 'x', since: -1 }, code: 'bad_request', says: /since/ },
  { what: 'a target before the first', options: { target: 0 }, code: 'bad_request', says: /target/ },
];

test.for(cases)(
  '$what fails at once, is never sent or kept, and holds nobody up',
  async ({ text = 'bad', options, code, says }) => {
    const { server, chat, told, store, texts } = await online();
    const item = chat.send('lobby', text, options);
    expect(item).toMatchObject({ state: 'failed', code, reason: expect.stringMatching(says) });
    chat.send('lobby', 'good');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await chat.settled(item)).toBe(item);
    expect([texts(), told.failed.length, store.items.size, server.sockets.length]).toEqual([['good'], 1, 0, 1]);
    expect(sends(server).map((send) => [send.text, send.prev])).toEqual([['good', undefined]]);
    expect(chat.unsettled('lobby')).toEqual([item]); // to be shown, until it is discarded
    chat.discard(item);
    expect(chat.unsettled('lobby')).toEqual([]);
  },
);

test('a conversation that can have no such name is refused here, for sends, joins and pages', async () => {
  const { server, chat } = await online();
  const name = 'x'.repeat(200_000);
  expect(chat.send(name, 'hi')).toMatchObject({ state: 'failed', code: 'invalid_conversation' });
  expect(chat.join(name)).toMatchObject({
    joined: false,
    code: 'invalid_conversation',
    problem: expect.stringContaining('1 to 64'),
  });
  await expect(chat.history('No such')).rejects.toMatchObject({ code: 'invalid_conversation' });
  await vi.advanceTimersByTimeAsync(5_000);
  expect(server.sockets.length).toBe(1);
});

test('what just fits is sent: bytes of text, of meta and of the frame are counted as the server does', async () => {
  const { chat, texts } = await online();
  const text = 'é'.repeat(8_192);
  chat.send('lobby', text, { meta: { a: 'é'.repeat(2_044) } });
  expect(texts()).toEqual([text]);
});

test('a frame over the limit is not sent, though text and meta are within theirs', async () => {
  const server = new FakeServer();
  server.limits = { frame: 20_000, text: 100_000 };
  const { chat, told, texts } = await online(server);
  server.socket!.drop(); // it is told before there is a connection to tell it
  const escapes = '\n'.repeat(9_950); // two bytes each
  expect(chat.send('lobby', escapes)).toMatchObject({
    state: 'failed',
    code: 'too_large',
    reason: expect.stringMatching(/frame of \d+ bytes, and the server takes 20000/),
  });
  chat.send('lobby', 'good');
  await vi.advanceTimersByTimeAsync(5_000);
  expect([texts(), told.failed.length, server.sockets.length]).toEqual([['good'], 1, 2]);
});

test('the names that a queue adds to a frame count too', async () => {
  const server = new FakeServer();
  server.limits = { frame: 20_000, text: 100_000 };
  server.latency = 5;
  const { chat, texts } = await online(server);
  await vi.advanceTimersByTimeAsync(20);
  const id = '"'.repeat(64); // as `prev` it takes 64 bytes more than the 64 that are reckoned with
  const least = byteLength(JSON.stringify({ type: 'send', conversation: 'lobby', id: 'x', text: '', ref: 'r1' }));
  chat.send('lobby', 'first', { id });
  const second = chat.send('lobby', 'z'.repeat(20_000 - least - 130), { id: 'x' });
  expect(second.state).toBe('failed');
  chat.send('lobby', 'third');
  await vi.advanceTimersByTimeAsync(5_000);
  expect([texts(), server.sockets.length]).toEqual([['first', 'third'], 1]);
});

test('what stands before the server may take less than it: the largest fails, and the rest goes on', async () => {
  const server = new FakeServer();
  server.narrow = 5_000;
  const { chat, told, texts, store } = await online(server);
  server.socket!.drop();
  for (const text of ['small', 'x'.repeat(6_000), 'y'.repeat(7_000), 'last']) chat.send('lobby', text);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([texts(), chat.connection.state.phase]).toEqual([['small', 'last'], 'online']);
  expect(told.failed).toEqual([`too_large ${'x'.repeat(20)}`, `too_large ${'y'.repeat(20)}`]);
  expect([...store.items.values()].map((item) => item.state)).toEqual(['failed', 'failed']);
});

test("before the first welcome the contract's limits count, and the server's from then on", async () => {
  const server = new FakeServer();
  server.limits = { text: 10 };
  const { chat, told, texts } = chatWith(server);
  chat.open('lobby');
  expect(chat.send('lobby', 'y'.repeat(16_385)).state).toBe('failed');
  const waits = chat.send('lobby', 'more than ten bytes');
  chat.send('lobby', 'ten bytes.');
  expect(waits.state).toBe('sending');
  chat.connect();
  await vi.advanceTimersByTimeAsync(1);
  expect(waits).toMatchObject({ state: 'failed', code: 'too_large' });
  expect([texts(), told.failed.length, chat.limits.text]).toEqual([['ten bytes.'], 2, 10]);
});

test('a meta is taken as it is when it is sent', async () => {
  const { server, chat } = await online();
  server.socket!.drop();
  const meta = { when: new Date(0), n: 1, left: undefined };
  const item = chat.send('lobby', 'hi', { meta });
  meta.n = 2;
  await vi.advanceTimersByTimeAsync(1_000);
  expect([item.meta, sends(server).at(-1)!.meta]).toEqual(Array(2).fill({ when: '1970-01-01T00:00:00.000Z', n: 1 }));
});

test('what could not be sent may be tried again once it can, and is kept then', async () => {
  const server = new FakeServer();
  server.limits = { text: 10 };
  const { chat, store } = await online(server);
  const item = chat.send('lobby', 'more than ten bytes');
  chat.retry(item);
  expect(item.state).toBe('failed');
  server.limits = {};
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  server.answers = false;
  chat.retry(item);
  expect([item.state, store.items.size]).toEqual(['sending', 1]);
});

const whole = { conversation: 'lobby', created: 1, since: 0, state: 'sending' } as const;
const kept: { what: string; item: unknown; code: string }[] = [
  { what: 'a text that is too long', item: { ...whole, id: 'a', text: 'y'.repeat(150_000) }, code: 'too_large' },
  {
    what: 'a meta with a bigint',
    item: { ...whole, id: 'a', text: 'bad', meta: { orderId: 1n } },
    code: 'bad_request',
  },
  { what: 'a meta in a circle', item: { ...whole, id: 'a', text: 'bad', meta: circle }, code: 'bad_request' },
  { what: 'a meta that is none', item: { ...whole, id: 'a', text: 'bad', meta: 'x' }, code: 'bad_request' },
  { what: 'a text that is a number', item: { ...whole, id: 'a', text: 7 }, code: 'bad_request' },
  { what: 'no text', item: { ...whole, id: 'a' }, code: 'bad_request' },
  { what: 'a target that is a text', item: { ...whole, id: 'a', text: 'bad', target: '3' }, code: 'bad_request' },
  // Under an id of this life's making it would be another message in each life.
  { what: 'no id', item: { ...whole, text: 'bad' }, code: 'bad_request' },
  { what: 'an empty id', item: { ...whole, id: '', text: 'bad' }, code: 'bad_request' },
  { what: 'an id that is a number', item: { ...whole, id: 7, text: 'bad' }, code: 'bad_request' },
  { what: 'an id that is too long', item: { ...whole, id: 'x'.repeat(65), text: 'bad' }, code: 'too_large' },
  {
    what: 'a conversation with no such name',
    item: { ...whole, id: 'a', text: 'bad', conversation: 'Lobby!' },
    code: 'invalid_conversation',
  },
  { what: 'nothing at all', item: undefined, code: 'bad_request' },
  { what: 'something else', item: 'bad', code: 'bad_request' },
];

/** A store as another client left it. */
function storeWith(...items: unknown[]): FakeStore {
  const store = new FakeStore();
  for (const [index, item] of items.entries()) store.items.set(`left ${index}`, item as OutboxItem);
  store.open = async (found) => {
    store.found = found;
    return items as OutboxItem[];
  };
  return store;
}

test.for(kept)(
  'a store that holds $what: it fails with its reason, and the queue behind it goes on',
  async ({ item, code }) => {
    const behind = { ...whole, id: 'b', text: 'behind', created: 2, since: 0, log: 'log-1' };
    const store = storeWith(item, behind);
    const server = new FakeServer();
    const { chat, told, texts } = await online(server, store);
    await vi.advanceTimersByTimeAsync(5_000);
    expect([texts(), told.failed.length, server.sockets.length]).toEqual([['behind'], 1, 1]);
    expect(told.failed[0]).toMatch(new RegExp(`^${code} `));
    expect(sends(server).map((send: Frame) => [send.text, send.prev])).toEqual([['behind', undefined]]);
    const failed = [...chat.unsettled('lobby'), ...chat.unsettled(''), ...chat.unsettled('Lobby!')];
    expect(failed).toMatchObject([{ state: 'failed', code, reason: expect.stringMatching(/\w{3}/) }]);
    expect([...store.items.values()].filter((one) => one?.state === 'failed')).toHaveLength(1); // kept as what it is
    chat.discard(failed[0]!);
    expect([...store.items.values()].filter((one) => one?.state === 'failed')).toEqual([]);
  },
);

test('what another tab leaves later is weighed too', async () => {
  const { chat, store, texts, told } = await online();
  store.found([
    { ...whole, id: 'x', text: 'bad', meta: { a: 1n } },
    { ...whole, id: 'y', text: 'good', created: 2 },
  ]);
  expect([texts(), told.failed, chat.unsettled('lobby').map((item) => item.state)]).toEqual([
    ['good'],
    ['bad_request bad'],
    ['failed'],
  ]);
});

test('several that cannot be sent are told of once each, and none of them is sent', async () => {
  const { server, chat, store, told, texts } = await online();
  const bad = (id: string, conversation: string) => ({ ...whole, id, conversation, text: id, meta: { a: 1n } });
  expect(chat.unsettled('lobby')).toEqual([]);
  const good = { ...whole, id: 'd', text: 'good', created: 2 };
  store.found([bad('a', 'lobby'), bad('b', 'lobby'), bad('c', 'lobby'), good]);
  expect([texts(), told.failed, sends(server).map((send) => send.text)]).toEqual([
    ['good'],
    ['bad_request a', 'bad_request b', 'bad_request c'],
    ['good'],
  ]);
});

test('several that the limits of a new server do not allow are told of once each, joined or not', async () => {
  for (const conversation of ['lobby', 'kitchen']) {
    const { server, chat, told } = await online();
    server.socket!.drop();
    for (const text of ['more than ten bytes', 'also more than ten bytes', 'short']) chat.send(conversation, text);
    server.limits = { text: 10 };
    await vi.advanceTimersByTimeAsync(1_000);
    expect([told.failed.length, sends(server).map((send) => send.text)]).toEqual([2, ['short']]);
  }
});

test('what a listener gives up while several fail is not told of as failed', async () => {
  const { server, chat, told } = await online();
  server.socket!.drop();
  const items = ['first, too long', 'second, too long'].map((text) => chat.send('lobby', text));
  chat.on('failed', () => chat.discard(items[1]!));
  server.limits = { text: 10 };
  await vi.advanceTimersByTimeAsync(1_000);
  expect([told.failed, items.map((item) => item.state)]).toEqual([
    ['too_large first, too long'],
    ['failed', 'discarded'],
  ]);
});

test('what could not be sent is not kept when it is tried again: a store could not even take it', async () => {
  const store = new FakeStore();
  const { chat, told } = await online(new FakeServer(), store);
  const item = chat.send('lobby', 'bad', { meta: { toJSON: () => 'x' } });
  store.trouble = 'this is nothing that can be kept';
  chat.retry(item);
  await vi.advanceTimersByTimeAsync(0);
  expect([item.state, told.failed.length, told.storage, chat.storage]).toEqual(['failed', 2, [], { lasting: true }]);
});

test('one that the record shows already does not fail for its size', async () => {
  const { server, chat } = await online();
  server.answers = false;
  const shown = chat.send('lobby', 'x'.repeat(500));
  const other = chat.send('lobby', 'short');
  server.say('ann', shown.text, shown.id);
  server.socket!.drop(1009);
  expect([shown.state, other.state]).toEqual(['recorded', 'failed']);
});

test('a store that gives nothing, or throws, holds nobody up', async () => {
  for (const open of [
    async () => undefined as never,
    () => {
      throw new Error('no storage');
    },
  ]) {
    const store = new FakeStore();
    store.open = open;
    const { chat, texts } = await online(new FakeServer(), store);
    chat.send('lobby', 'hi');
    expect(texts()).toEqual(['hi']);
  }
});

test('a request of any kind that is over the limit is answered here: it costs no connection', async () => {
  const { server, chat } = await online();
  const asked = chat.connection.ask({ type: 'join', conversation: 'lobby', log: 'x'.repeat(200_000) });
  await expect(asked).rejects.toMatchObject({
    code: 'too_large',
    message: expect.stringContaining('the server takes 131072'),
  });
  await expect(
    chat.connection.ask({ type: 'history', conversation: 'lobby', after: 1n as never }),
  ).rejects.toMatchObject({ code: 'bad_request' });
  expect(server.sockets.length).toBe(1);
});
