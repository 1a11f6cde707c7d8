// Messages of others that grow while they are written. They leave here when the whole one is on the record.
import type { Growth, Message } from './protocol.ts';

export interface GrowingMessage {
  id: string;
  from: string;
  text: string;
}

export class Growing {
  private readonly messages = new Map<string, GrowingMessage>();

  accept(frame: Growth): void {
    const key = keyOf(frame.from, frame.id);
    if (frame.cancelled) {
      this.messages.delete(key);
      return;
    }
    const soFar = this.messages.get(key)?.text ?? '';
    this.messages.set(key, { id: frame.id, from: frame.from, text: frame.text ?? soFar + (frame.delta ?? '') });
  }

  recorded(message: Message): void {
    if (message.id !== undefined) this.messages.delete(keyOf(message.from, message.id));
  }

  /** After a new join the server tells anew what grows. */
  clear(): void {
    this.messages.clear();
  }

  list(): GrowingMessage[] {
    return [...this.messages.values()];
  }
}

function keyOf(from: string, id: string): string {
  return JSON.stringify([from, id]);
}
