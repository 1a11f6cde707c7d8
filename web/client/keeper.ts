// Keeps the outbox's items in its store, and knows which ones it could not keep. Those live in memory until it can.
import { sentenceOf } from './error-sentence.ts';
import { keyOf, type OutboxItem } from './outbox-item.ts';
import type { OutboxStore } from './outbox-store.ts';

/** Whether what waits would survive a reload; if not, why, in words for a person. */
export type StorageState = { lasting: true } | { lasting: false; reason: string };

export class Keeper {
  state: StorageState = { lasting: true };
  private store: OutboxStore | undefined;
  private answered = false; // the store has said what it holds, and that was taken in
  private readonly unsaved = new Map<string, OutboxItem>(); // by key
  private readonly reserved = new Set<string>(); // keys of the caller's own, from before that

  constructor(private readonly onState: (state: StorageState) => void) {}

  /** Resolves with what the store holds, or undefined where it was closed meanwhile. After that comes `catchUp`. */
  async open(store: OutboxStore, found: (items: unknown[]) => void): Promise<unknown[] | undefined> {
    this.store = store;
    if (store.keepsNothing !== undefined) this.failed(store.keepsNothing);
    if (this.store !== store) return undefined; // who was told of it has closed it
    const opened = attempt(() => store.open((items) => void (this.store === store && found(items))));
    const items = await opened.catch((error: unknown): unknown[] => {
      if (this.store === store) this.failed(error);
      return [];
    });
    if (this.store !== store) return undefined;
    return Array.isArray(items) ? items : [];
  }

  /** What was to be kept before the store had answered is kept now. */
  catchUp(): void {
    this.answered = true;
    this.reserved.clear();
    for (const item of [...this.unsaved.values()]) this.save(item);
  }

  /** The item's id is the caller's own: the store may hold one under it, which is not to be written over unseen. */
  reserve(item: OutboxItem): void {
    if (!this.answered) this.reserved.add(keyOf(item));
  }

  /** Whether the item waits for what the store holds. */
  isReserved(item: OutboxItem): boolean {
    return this.reserved.has(keyOf(item));
  }

  save(item: OutboxItem): void {
    const { store } = this;
    this.unsaved.set(keyOf(item), item);
    if (!store || this.isReserved(item)) return;
    attempt(() => store.put({ ...item })).then(
      () => this.saved(item),
      (error: unknown) => this.failed(error),
    );
  }

  forget(item: OutboxItem): void {
    const { store } = this;
    const { id, conversation } = item;
    this.unsaved.delete(keyOf(item));
    if (this.reserved.delete(keyOf(item)) || !store) return;
    attempt(() => store.remove(id, conversation)).then(
      () => this.goOn(),
      (error: unknown) => this.failed(error),
    );
  }

  async close(): Promise<void> {
    const { store } = this;
    this.store = undefined;
    this.answered = false;
    await store?.close();
  }

  private saved(item: OutboxItem): void {
    if (this.unsaved.get(keyOf(item)) === item) this.unsaved.delete(keyOf(item));
    this.goOn();
  }

  /** The store works, perhaps again: what it could not take before is due, one after the other. */
  private goOn(): void {
    if (this.state.lasting || this.store?.keepsNothing !== undefined) return;
    const next = this.unsaved.values().next();
    if (!next.done) this.save(next.value);
    else this.enter({ lasting: true });
  }

  private failed(error: unknown): void {
    if (!this.state.lasting || !this.store) return; // said already; or closed on purpose
    this.enter({ lasting: false, reason: sentenceOf(error) });
  }

  private enter(state: StorageState): void {
    this.state = state;
    this.onState(state);
  }
}

/** A store of the application's may throw where it should reject. */
async function attempt<T>(act: () => Promise<T>): Promise<T> {
  return act();
}
