// localStorage can do one thing that IndexedDB cannot: keep something at once, while a page is being closed. What a
// store has not kept by then is left here, and the next one moves it. Before there was IndexedDB the whole outbox stood
// here; that is moved too.
import { keyOf, type OutboxItem } from './outbox-item.ts';
import { newId } from './protocol.ts';

/** The part of Web Storage that is used here. */
export interface KeyValue {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export class LastWords {
  /** Those of one user at one server. */
  constructor(
    private readonly storage: KeyValue | undefined,
    private readonly database: string,
    private readonly user: string,
  ) {}

  /** Leaves what there is room for. */
  leave(items: Iterable<OutboxItem>): void {
    for (const item of items) {
      try {
        this.storage?.setItem(this.prefix + encodeURIComponent(keyOf(item)), JSON.stringify(item));
      } catch {}
    }
  }

  /** Gives what was left to `keep`, and takes it away here once that has resolved. */
  async move(keep: (items: OutboxItem[]) => Promise<void>): Promise<void> {
    const { storage } = this;
    if (!storage) return;
    const all = Array.from({ length: storage.length }, (_, index) => storage.key(index)!);
    const keys = all.filter((key) => key.startsWith(this.prefix) || key.startsWith(this.oldPrefix));
    if (keys.length === 0) return;
    await keep(keys.flatMap((key) => parse(storage.getItem(key)) ?? []));
    for (const key of keys) storage.removeItem(key);
  }

  private get prefix(): string {
    return `verbatim.last/${encodeURIComponent(this.database)}/${encodeURIComponent(this.user)}/`;
  }

  private get oldPrefix(): string {
    return `verbatim.outbox/${encodeURIComponent(this.user)}/`;
  }
}

/** The browser's own, where there is one and it is not forbidden. */
export function localStorageHere(): KeyValue | undefined {
  try {
    return globalThis.localStorage as KeyValue | undefined;
  } catch {
    return undefined; // reading the property is what a forbidden storage throws at
  }
}

/** What was left, whole or not: the outbox says of it what cannot be sent. */
function parse(value: string | null): OutboxItem | undefined {
  try {
    const item = JSON.parse(value ?? '') as Partial<OutboxItem> | null;
    if (typeof item !== 'object' || item === null) return undefined;
    return { ...item, id: typeof item.id === 'string' ? item.id : newId() } as OutboxItem;
  } catch {
    return undefined; // not ours, or cut short
  }
}
