// Where unacknowledged sends wait across a reload: one key for each, so that two tabs never overwrite one another.
import type { OutboxItem } from './outbox.ts';

/** The part of Web Storage that is used here. */
export interface KeyValue {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface OutboxStore {
  load(): OutboxItem[];
  put(item: OutboxItem): void;
  remove(id: string): void;
}

export class KeyValueStore implements OutboxStore {
  private readonly prefix: string;

  /** The sends of one user: an id is unique for its user alone. */
  constructor(private readonly storage: KeyValue, user: string) {
    this.prefix = `verbatim.outbox/${encodeURIComponent(user)}/`;
  }

  load(): OutboxItem[] {
    const items: OutboxItem[] = [];
    for (let index = 0; index < this.storage.length; index++) {
      const key = this.storage.key(index);
      const value = key?.startsWith(this.prefix) ? this.storage.getItem(key) : null;
      const item = value === null ? undefined : parse(value);
      if (item) items.push(item);
    }
    return items.sort((a, b) => a.created - b.created);
  }

  put(item: OutboxItem): void {
    try {
      this.storage.setItem(this.prefix + item.id, JSON.stringify(item));
    } catch {
      // Storage is full or forbidden: the message is still sent, only a reload would forget it.
    }
  }

  remove(id: string): void {
    this.storage.removeItem(this.prefix + id);
  }
}

function parse(value: string): OutboxItem | undefined {
  try {
    return JSON.parse(value) as OutboxItem;
  } catch {
    return undefined; // not ours, or cut short
  }
}
