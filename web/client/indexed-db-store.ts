// The outbox in IndexedDB, shared by all tabs of a browser.
//
// Each item has an owner, the store (and so the tab) that sends it; nobody else does, so that the tab's order is the
// order. When the owner is gone, by a reload, a crash or a closed tab, its Web Lock is free, and one other store
// becomes the owner of all that it left. Where there are no Web Locks (a page without https), a store sends whatever it
// finds when it opens, another tab's too: the same ids twice are on the record once, so that costs traffic and nothing
// else.
import { committed, openDatabase, resultOf } from './database.ts';
import { type KeyValue, LastWords, localStorageHere } from './local-storage.ts';
import { keyOf, type OutboxItem } from './outbox-item.ts';
import type { OutboxStore } from './outbox-store.ts';
import type { Timer } from './page-connection.ts';
import { newId } from './protocol.ts';
import { type Locks, TabLock } from './tab-lock.ts';

interface Kept {
  user: string;
  /** The item's key; in older versions its id. */
  id: string;
  owner: string;
  item: OutboxItem;
}

export interface IndexedDbStoreOptions {
  /** An id is unique for its user alone. */
  user: string;
  /** Another server needs another database: what waits for one must not go to the other. */
  database?: string;
  /** navigator.locks, where there is one. */
  locks?: Locks | undefined;
  /** localStorage, for what is not kept yet while a page is being closed. */
  storage?: KeyValue | undefined;
}

const patience = 3_000; // ms to wait for a database that does not open, before going on without
const lookEvery = 10_000; // ms between looks for tabs that have something to leave

export class IndexedDbStore implements OutboxStore {
  private readonly owner = newId();
  private readonly options: Required<IndexedDbStoreOptions>;
  private database: Promise<IDBDatabase> | undefined;
  private tab: TabLock | undefined;
  private found: (items: OutboxItem[]) => void = () => {};
  private lookTimer: Timer;
  private underWay: Promise<unknown> = Promise.resolve();
  private readonly unkept = new Map<string, OutboxItem>();
  private readonly lastWords: LastWords;
  private closed = false;

  constructor(options: IndexedDbStoreOptions) {
    this.options = { database: 'verbatim', locks: locksHere(), storage: localStorageHere(), ...options };
    this.lastWords = new LastWords(this.options.storage, this.options.database, this.options.user);
  }

  async open(found: (items: OutboxItem[]) => void): Promise<OutboxItem[]> {
    const items: OutboxItem[] = [];
    let late = false;
    this.found = found;
    globalThis.addEventListener?.('pagehide', this.leave);
    const loaded = this.load((more) => (late ? found(more) : items.push(...more)));
    await within(patience, loaded).finally(() => (late = true));
    return items;
  }

  put(item: OutboxItem): Promise<void> {
    const key = keyOf(item);
    this.unkept.set(key, item);
    const kept = this.keep([item]).then(() => {
      if (this.unkept.get(key) === item) this.unkept.delete(key);
    });
    return this.finish(kept);
  }

  remove(id: string, conversation: string): Promise<void> {
    this.unkept.delete(keyOf({ id, conversation }));
    return this.finish(this.takeOut(id, conversation));
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.lookTimer);
    await this.underWay;
    globalThis.removeEventListener?.('pagehide', this.leave);
    const database = await this.database?.catch(() => undefined);
    database?.close();
    this.tab?.close(); // only now: nothing of this tab's may come after its heir has looked
  }

  private readonly leave = (): void => this.lastWords.leave(this.unkept.values());

  /** Has close wait for it. */
  private finish<T>(change: Promise<T>): Promise<T> {
    this.underWay = Promise.allSettled([this.underWay, change]).then(() => {});
    return change;
  }

  private async load(take: (items: OutboxItem[]) => void): Promise<void> {
    const tab = this.options.locks && new TabLock(this.options.locks, this.owner);
    if (await tab?.hold()) this.tab = tab;
    if (this.closed) return this.tab?.close();
    this.lookLater();
    await this.lastWords.move((items) => this.move(items, take));
    await this.look(take);
  }

  private async move(items: OutboxItem[], take: (items: OutboxItem[]) => void): Promise<void> {
    await this.keep(items);
    if (this.tab) take(items); // else the look that follows finds them
  }

  /** Takes what is nobody's, and waits for the end of the tabs that have something. */
  private async look(take: (items: OutboxItem[]) => void): Promise<void> {
    const all = await this.all((await this.db()).transaction('outbox').objectStore('outbox'));
    const { tab } = this;
    if (!tab) return take(all.map(itemIn));
    const owners = new Set(all.map((kept) => kept.owner));
    owners.delete(this.owner);
    for (const owner of owners) {
      const gone = await tab.isGone(owner, async () => take(await this.inherit(owner)));
      if (!gone) tab.whenGone(owner, async () => this.found(await this.inherit(owner)));
    }
  }

  private lookLater(): void {
    this.lookTimer = setTimeout(() => {
      if (this.tab) void this.look(this.found).catch(() => {}); // the next put tells what is wrong
      this.lookLater();
    }, lookEvery);
  }

  /**
   * Becomes the owner of all that another one left, in one transaction: a crash leaves all of it to the next heir, or
   * none.
   */
  private async inherit(owner: string): Promise<OutboxItem[]> {
    if (this.closed) return [];
    let left: Kept[] = [];
    await this.change('default', async (store) => {
      left = (await this.all(store)).filter((kept) => kept.owner === owner);
      for (const kept of left) store.put({ ...kept, owner: this.owner } satisfies Kept);
    });
    return left.map(itemIn);
  }

  private keep(items: OutboxItem[]): Promise<void> {
    const { user } = this.options;
    return this.change('strict', (store) => {
      for (const item of items) {
        store.put({ user, id: keyOf(item), owner: this.owner, item } satisfies Kept);
        store.delete([user, item.id]); // where an older version kept it
      }
    });
  }

  private takeOut(id: string, conversation: string): Promise<void> {
    const keys = [keyOf({ id, conversation }), id]; // the second is where an older version kept it
    return this.change('default', (store) => {
      for (const key of keys) store.delete([this.options.user, key]);
    });
  }

  /** Changes what is kept in one transaction, and resolves once all of it is kept. `ask` throws nothing. */
  private async change(durability: 'default' | 'strict', ask: (store: IDBObjectStore) => unknown): Promise<void> {
    const change = (await this.db()).transaction('outbox', 'readwrite', { durability });
    const done = committed(change);
    await ask(change.objectStore('outbox'));
    change.commit(); // now, and not when this tab next gets a turn: a reload may come first
    await done;
  }

  private all(store: IDBObjectStore): Promise<Kept[]> {
    const { user } = this.options;
    const keys = IDBKeyRange.bound([user], [user, []]); // an array sorts after every string
    return resultOf(store.getAll(keys) as IDBRequest<Kept[]>);
  }

  /** The open database; opened again where the browser has closed it, and where it could not be had before. */
  private async db(): Promise<IDBDatabase> {
    if (!this.database) {
      if (this.closed) throw new Error('this store is closed');
      const forget = () => (this.database = undefined);
      this.database = openDatabase(this.options.database, 'outbox', ['user', 'id'], forget);
      this.database.catch(forget);
    }
    return this.database;
  }
}

/** An item as it was kept. One that has lost its id is told by where it stands, so that it can be removed. */
function itemIn({ id, item }: Kept): OutboxItem {
  const kept = (item ?? {}) as Partial<OutboxItem>;
  return typeof kept.id === 'string' ? item : ({ ...kept, id } as OutboxItem);
}

/** Whether there is an IndexedDB at all. One that is forbidden may show only when it is opened. */
export function hasIndexedDb(): boolean {
  try {
    return !!globalThis.indexedDB;
  } catch {
    return false; // some browsers forbid the very question
  }
}

function locksHere(): Locks | undefined {
  return (globalThis.navigator as { locks?: Locks } | undefined)?.locks;
}

function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the browser's storage did not open within ${milliseconds / 1000} s`)),
      milliseconds,
    );
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
