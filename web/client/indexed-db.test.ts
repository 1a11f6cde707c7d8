// The outbox in IndexedDB, with tabs that open, close and crash. The database is fake-indexeddb, which keeps the
// standard's rules.
import 'fake-indexeddb/auto';
import { IDBFactory, IDBObjectStore } from 'fake-indexeddb';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { IndexedDbStore, type IndexedDbStoreOptions } from './indexed-db-store.ts';
import type { KeyValue } from './local-storage.ts';
import type { OutboxItem } from './outbox-item.ts';
import { chatWith, FakeLocks, FakeServer } from './testing.ts';

/** Waits until nothing is thrown; Vitest's own bound, a second, is short for a busy machine. */
const eventually = <T>(look: () => T) => vi.waitFor(look, { timeout: 30_000 });

let locks: FakeLocks;

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  locks = new FakeLocks();
  return () => void vi.unstubAllGlobals().useRealTimers();
});

function item(text: string, more: Partial<OutboxItem> = {}): OutboxItem {
  return { id: `id of ${text}`, conversation: 'lobby', text, created: 1, since: 0, state: 'sending', ...more };
}

/** A store in a tab of its own, and what it was given: when it opened, and later. */
async function tab(options: Partial<IndexedDbStoreOptions> = {}) {
  const store = new IndexedDbStore({ user: 'ann', locks, storage: undefined, ...options });
  onTestFinished(() => store.close());
  const later: string[] = [];
  const items = await store.open((found) => later.push(...found.map(({ text }) => text)));
  return { store, items, first: items.map(({ text }) => text).sort(), later };
}

test('what was put and not removed is there after a reload, as it was', async () => {
  const before = await tab();
  const kept = item('one', { created: 7, since: 41, log: '9f2c', target: 3, meta: { a: [1] } });
  await before.store.put(item('gone'));
  await before.store.put(kept);
  await before.store.remove('id of gone', 'lobby');
  await before.store.close();
  expect((await tab()).items).toEqual([kept]);
});

test('what was asked for before closing is done', async () => {
  const before = await tab();
  void before.store.put(item('one'));
  await before.store.close();
  expect((await tab()).first).toEqual(['one']);
});

test('users and servers are kept apart', async () => {
  const ann = await tab();
  await ann.store.put(item('of ann'));
  await ann.store.close();
  expect((await tab({ user: 'ann2' })).first).toEqual([]);
  expect((await tab({ user: 'an' })).first).toEqual([]);
  expect((await tab({ database: 'another server' })).first).toEqual([]);
  expect((await tab()).first).toEqual(['of ann']);
});

test('a tab that lives keeps its own; when it is gone, one other tab gets it all, at once', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const one = await tab();
  await one.store.put(item('of one'));
  const two = await tab();
  const three = await tab();
  await two.store.put(item('of two'));
  expect([two.first, three.first]).toEqual([[], []]);
  await one.store.close();
  await eventually(() => expect([...two.later, ...three.later]).toEqual(['of one']));
  await two.store.put(item('two more'));
  await two.store.close();
  await vi.advanceTimersByTimeAsync(10_000); // three learns now and then who else has something
  await eventually(() => expect([...three.later].sort()).toEqual(['of one', 'of two', 'two more']));
});

test('what has come to an heir is its own: the next tab finds nothing free', async () => {
  const one = await tab();
  await one.store.put(item('one'));
  await one.store.close();
  const heir = await tab();
  expect(heir.first).toEqual(['one']);
  expect((await tab()).first).toEqual([]);
});

test('without Web Locks a tab takes all that it finds', async () => {
  const one = await tab({ locks: undefined });
  await one.store.put(item('one'));
  expect((await tab({ locks: undefined })).first).toEqual(['one']);
});

test('locks that are forbidden are as none', async () => {
  const request = () => Promise.reject(new DOMException('not here', 'SecurityError'));
  const one = await tab({ locks: { request } });
  await one.store.put(item('one'));
  expect((await tab({ locks: { request } })).first).toEqual(['one']);
});

test('what waits in localStorage is moved, for this user alone, and no part of it is lost on the way', async () => {
  const storage = webStorage({
    'verbatim.outbox/ann/a': JSON.stringify(item('old')),
    'verbatim.outbox/ann/b': '{"cut sho',
    'verbatim.outbox/bob/c': JSON.stringify(item('of bob')),
    'verbatim.name': 'ann',
  });
  const one = await tab({ storage });
  expect(one.first).toEqual(['old']);
  expect([...storage.values.keys()]).toEqual(['verbatim.outbox/bob/c', 'verbatim.name']);
  await one.store.close();
  expect((await tab({ storage })).first).toEqual(['old']);
});

test('what is not kept yet when the page is closed is left in localStorage, for this server and user alone', async () => {
  const storage = webStorage({});
  const page = new EventTarget();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  const one = await tab({ storage });
  await one.store.put(item('kept'));
  void one.store.put(item('not yet'));
  void one.store.put(item('settled'));
  void one.store.remove('id of settled', 'lobby');
  page.dispatchEvent(new Event('pagehide'));
  expect([...storage.values.values()].map((value) => (JSON.parse(value) as OutboxItem).text)).toEqual(['not yet']);
  vi.stubGlobal('indexedDB', new IDBFactory()); // as if nothing more had come through
  expect((await tab({ storage, user: 'bob' })).first).toEqual([]);
  expect((await tab({ storage, database: 'another server' })).first).toEqual([]);
  expect((await tab({ storage })).first).toEqual(['not yet']);
  expect(storage.values.size).toBe(0);
});

test('what is left is more than one thing, and one of them no JSON or not whole: each is left and moved for itself', async () => {
  const storage = webStorage({});
  const page = new EventTarget();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  const one = await tab({ storage });
  void one.store.put(item('no JSON', { meta: { a: 1n } }));
  void one.store.put(item('not yet'));
  page.dispatchEvent(new Event('pagehide'));
  expect([...storage.values.values()].map((value) => (JSON.parse(value) as OutboxItem).text)).toEqual(['not yet']);
  storage.setItem('verbatim.outbox/ann/x', '{"text":"without an id"}');
  storage.setItem('verbatim.outbox/ann/y', '7');
  vi.stubGlobal('indexedDB', new IDBFactory());
  const { first, items } = await tab({ storage });
  expect([first, storage.values.size]).toEqual([['not yet', 'without an id'], 0]);
  expect(items.every(({ id }) => typeof id === 'string' && id !== '')).toBe(true);
});

test('the same id in two conversations is kept twice, and removed by itself', async () => {
  const { store } = await tab();
  for (const conversation of ['lobby', 'kitchen']) await store.put(item(conversation, { id: 'same', conversation }));
  await store.remove('same', 'lobby');
  await store.close();
  expect((await tab()).first).toEqual(['kitchen']);
});

/** What an older version kept: each under its id alone. */
async function keptBefore(...rows: { id: string; item: unknown }[]): Promise<void> {
  const other = indexedDB.open('verbatim', 1);
  other.onupgradeneeded = () => {
    const outbox = other.result.createObjectStore('outbox', { keyPath: ['user', 'id'] });
    for (const row of rows) outbox.put({ user: 'ann', owner: 'gone', ...row });
  };
  await new Promise<void>((resolve) => (other.onsuccess = () => resolve(other.result.close())));
}

test('what an older version kept is kept once when it is put again, and is gone when it is removed', async () => {
  await keptBefore({ id: 'a', item: item('put again', { id: 'a' }) }, { id: 'b', item: item('removed', { id: 'b' }) });
  const one = await tab();
  expect(one.first).toEqual(['put again', 'removed']);
  await one.store.put(item('put again', { id: 'a', state: 'failed' }));
  await one.store.remove('b', 'lobby');
  await one.store.close();
  expect((await tab()).items.map(({ text, state }) => [text, state])).toEqual([['put again', 'failed']]);
});

test('what was kept and is nothing has the id that it stands under, so that it can be removed', async () => {
  await keptBefore({ id: 'a', item: undefined }, { id: 'b', item: 'x' }, { id: 'c', item: { text: 'hi' } });
  for (const options of [{ locks: undefined }, {}])
    expect((await tab(options)).items.map(({ id }) => id).sort()).toEqual(['a', 'b', 'c']);
});

test('what cannot be moved stays where it is', async () => {
  const storage = webStorage({ 'verbatim.outbox/ann/a': JSON.stringify(item('old')) });
  vi.stubGlobal('indexedDB', {
    open: () => {
      throw new DOMException('not in private mode', 'InvalidStateError');
    },
  });
  await expect(tab({ storage })).rejects.toThrow('not in private mode');
  expect(storage.values.size).toBe(1);
});

test('a database that is full says so, and takes more when there is room', async () => {
  const { store } = await tab();
  const full = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('no room', 'QuotaExceededError');
  });
  await expect(store.put(item('one'))).rejects.toThrow('no room');
  full.mockRestore();
  await store.put(item('one'));
});

test('a database that does not open is waited for no longer than 3 seconds, and taken in when it does', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let slow = true;
  const other = indexedDB.open('verbatim', 1);
  other.onupgradeneeded = () => {
    // nobody else gets the database before this transaction ends
    const outbox = other.result.createObjectStore('outbox', { keyPath: ['user', 'id'] });
    outbox.put({ user: 'ann', id: 'id of one', owner: 'of old', item: item('one') });
    (function goOn() {
      if (slow) outbox.count().onsuccess = goOn;
    })();
  };
  const store = new IndexedDbStore({ user: 'ann', locks, storage: undefined });
  onTestFinished(() => store.close());
  const later: string[] = [];
  const opened = expect(store.open((found) => later.push(...found.map(({ text }) => text)))).rejects.toThrow(
    'did not open within 3 s',
  );
  await vi.advanceTimersByTimeAsync(2_999);
  expect(later).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  await opened;
  slow = false;
  await eventually(() => expect(later).toEqual(['one']));
});

test('a newer version of the page is not held up, and this one says that it keeps nothing any more', async () => {
  const { store } = await tab();
  await store.put(item('one'));
  await new Promise((resolve, reject) => {
    const newer = indexedDB.open('verbatim', 2);
    newer.onsuccess = () => resolve(newer.result.close());
    newer.onerror = () => reject(newer.error!);
  });
  await expect(store.put(item('two'))).rejects.toThrow(/version/i);
});

test('two tabs write through a dead server, one is closed, and all is recorded once, each in its order', async () => {
  const server = new FakeServer();
  const open = (): ReturnType<typeof server.open> => server.open('ws://test/ws');
  const store = () => new IndexedDbStore({ user: 'ann', locks, storage: undefined });
  const [one, two] = [0, 1].map(() => chatWith(server, undefined, { open, store }));
  server.answers = false;
  for (const client of [one!, two!]) client.chat.connect();
  for (const n of [1, 2, 3]) {
    one!.chat.send('lobby', `one ${n}`);
    two!.chat.send('lobby', `two ${n}`);
  }
  await eventually(() => expect(server.sockets.flatMap((socket) => socket.sent)).toHaveLength(6));
  await one!.chat.close();
  await eventually(() => expect(two!.unsettled()).toHaveLength(6));
  server.answers = true;
  server.socket!.drop();
  for (const socket of server.sockets) if (!socket.closed) socket.drop();
  await eventually(() => expect(two!.unsettled()).toEqual([]));
  const texts = server.record.map((entry) => entry.text as string);
  for (const name of ['one', 'two']) {
    expect(texts.filter((text) => text.startsWith(name))).toEqual([1, 2, 3].map((n) => `${name} ${n}`));
  }
  await two!.chat.close();
});

test("an id of the caller's own that the store holds is not written over before it has said so", async () => {
  for (const text of ['hi', 'another text']) {
    vi.stubGlobal('indexedDB', new IDBFactory());
    const server = new FakeServer();
    for (const before of ['a', 'b']) server.say('bob', before);
    server.say('ann', 'hi', 'x');
    server.say('bob', 'c');
    server.forgotten = 4; // it was sent hours ago, and its ack is lost
    const before = await tab();
    await before.store.put(item('hi', { id: 'x', since: 2, log: 'log-1' }));
    await before.store.close();
    const store = () => new IndexedDbStore({ user: 'ann', locks, storage: undefined });
    const { chat } = chatWith(server, undefined, { store });
    chat.join('lobby', { limit: 0 });
    chat.connect();
    const sent = chat.send('lobby', text, { id: 'x' });
    const became = text === 'hi' ? { state: 'recorded', seq: 3 } : { state: 'failed', code: 'conflict' };
    await eventually(() => expect(sent).toMatchObject(became));
    await eventually(() => expect(chat.unsettled('lobby').filter(({ state }) => state === 'sending')).toEqual([]));
    expect(server.record.length).toBe(4);
    await chat.close();
    expect((await tab()).items).toEqual([]);
  }
});

function webStorage(start: Record<string, string>): KeyValue & { values: Map<string, string> } {
  const values = new Map(Object.entries(start));
  return {
    values,
    get length() {
      return values.size;
    },
    key: (index) => [...values.keys()][index] ?? null,
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}
