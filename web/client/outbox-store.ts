// Where unacknowledged sends wait. A store belongs to one user at one server, and to one client in one tab.
import type { OutboxItem } from './outbox-item.ts';

export interface OutboxStore {
  /**
   * Gives what waits and nobody else is about to send, in any order. As long as the store is open, `found` gets what
   * comes free later: another tab is gone and left it behind. Rejects where there is no storage; what can be had later
   * still comes to `found`.
   */
  open(found: (items: OutboxItem[]) => void): Promise<OutboxItem[]>;
  /** Why nothing that it takes outlives this program, in words for a person; undefined where it does. */
  readonly keepsNothing?: string;
  /** Resolves once the item would survive a crash; rejects, with the reason for a person, where it cannot be kept. */
  put(item: OutboxItem): Promise<void>;
  /** An id is unique in its conversation alone. */
  remove(id: string, conversation: string): Promise<void>;
  /** Leaves what still waits to others, and finishes what was begun. It may not be used after that. */
  close(): Promise<void>;
}

/** Keeps nothing: what waits lives as long as the client that holds it. For programs, where there is no IndexedDB. */
export class MemoryStore implements OutboxStore {
  readonly keepsNothing = 'what waits is in memory alone';
  async open(): Promise<OutboxItem[]> {
    return [];
  }
  async put(): Promise<void> {}
  async remove(): Promise<void> {}
  async close(): Promise<void> {}
}
