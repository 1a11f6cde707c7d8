// Who waits to hear what became of a message, or of any.
import type { OutboxItem } from './outbox-item.ts';

type Subject = OutboxItem | 'any';

export class Settling {
  private readonly waiters = new Map<Subject, ((settled: boolean) => void)[]>();

  /**
   * Resolves with true once that is settled (for 'any', also once it is known what the store holds), and with false
   * where it will not be settled here.
   */
  of(subject: Subject): Promise<boolean> {
    return new Promise((resolve) => this.waiters.set(subject, [...(this.waiters.get(subject) ?? []), resolve]));
  }

  /** Nothing is settled here any more. */
  abandon(): void {
    for (const subject of [...this.waiters.keys()]) this.tell(subject, false);
  }

  tell(subject: Subject, settled = true): void {
    const waiters = this.waiters.get(subject) ?? [];
    this.waiters.delete(subject);
    for (const resolve of waiters) resolve(settled);
  }
}
