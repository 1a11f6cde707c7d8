// The page kept its unacknowledged sends in localStorage once. What still waits there is moved.
import type { OutboxItem } from './outbox.ts';

/** The part of Web Storage that is used here. */
export interface KeyValue {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** Gives what waits there for a user to `keep`, and takes it away there once that has resolved. */
export async function moveOutbox(storage: KeyValue, user: string, keep: (items: OutboxItem[]) => Promise<void>): Promise<void> {
  const prefix = `verbatim.outbox/${encodeURIComponent(user)}/`;
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index)!).filter((key) => key.startsWith(prefix));
  if (keys.length === 0) return;
  await keep(keys.flatMap((key) => parse(storage.getItem(key)) ?? []));
  for (const key of keys) storage.removeItem(key);
}

/** The browser's own, where there is one and it is not forbidden. */
export function localStorageHere(): KeyValue | undefined {
  try {
    return globalThis.localStorage as KeyValue | undefined;
  } catch {
    return undefined; // reading the property is what a forbidden storage throws at
  }
}

function parse(value: string | null): OutboxItem | undefined {
  try {
    const item = JSON.parse(value ?? '') as Partial<OutboxItem> | null;
    const whole = typeof item?.id === 'string' && typeof item.conversation === 'string' && typeof item.text === 'string';
    return whole ? { created: Date.now(), since: 0, state: 'sending', ...item } as OutboxItem : undefined;
  } catch {
    return undefined; // not ours, or cut short
  }
}
