// Who waits to hear what became of a message.
import type { OutboxItem } from './outbox-item.ts';
import { RequestError } from './request-error.ts';

interface Waiter {
  resolve(item: OutboxItem): void;
  reject(error: RequestError): void;
}

export class Settling {
  private readonly waiters = new Map<OutboxItem, Waiter[]>();
  private anyone: (() => void)[] = [];

  /** The end of an item that waits. `asked` is what was asked for, where no such message waits. */
  of(item: OutboxItem | undefined, asked: OutboxItem): Promise<OutboxItem> {
    if (!item)
      return Promise.reject(
        new RequestError('bad_request', `no message with the id ${asked.id} waits in ${asked.conversation}`),
      );
    if (item.state !== 'sending') return Promise.resolve(item);
    return new Promise((resolve, reject) => {
      this.waiters.set(item, [...(this.waiters.get(item) ?? []), { resolve, reject }]);
    });
  }

  /** Resolves with the next message that is settled, or `wake`. */
  next(): Promise<void> {
    return new Promise((resolve) => this.anyone.push(resolve));
  }

  settle(item: OutboxItem): void {
    for (const { resolve } of this.take(item)) resolve(item);
    this.wake();
  }

  wake(): void {
    const { anyone } = this;
    this.anyone = [];
    for (const resolve of anyone) resolve();
  }

  /** Nothing of this is settled here any more. */
  abandon(): void {
    for (const item of [...this.waiters.keys()]) {
      for (const { reject } of this.take(item)) {
        reject(
          new RequestError('disconnected', 'another user is connected now: the message waits for the one who wrote it'),
        );
      }
    }
  }

  private take(item: OutboxItem): Waiter[] {
    const waiters = this.waiters.get(item) ?? [];
    this.waiters.delete(item);
    return waiters;
  }
}
