// The newest message of conversations that are only followed: asked for one by one, where somebody can see the answer.
import type { Entry, HistoryPage, Message, Seq } from '@verbatim/client';

export interface PreviewsOptions {
  /** The newest page of a conversation's record, of one entry. */
  newest(id: string): Promise<HistoryPage>;
  onChange(id: string, message: Message): void;
}

const mostInFlight = 3;
const pauseAfterFailure = 5_000; // ms

export class Previews {
  private readonly held = new Map<string, Message>(); // by conversation
  private readonly asked = new Map<string, Seq>(); // up to which seq the answer is known, whatever it was
  private readonly wanted = new Map<string, Seq>(); // waits its turn
  private readonly inFlight = new Set<string>();
  private readonly failedAt = new Map<string, number>();

  constructor(private readonly options: PreviewsOptions) {}

  get(id: string): Message | undefined {
    return this.held.get(id);
  }

  /** Asks for the newest message, unless it is the one that is held. Calls while one is in flight become one more. */
  want(id: string, newest: Seq): void {
    if (newest <= (this.asked.get(id) ?? 0) || Date.now() - (this.failedAt.get(id) ?? -Infinity) < pauseAfterFailure) return;
    this.wanted.set(id, newest);
    this.pump();
  }

  /** Nobody looks at it any longer. */
  unwant(id: string): void {
    this.wanted.delete(id);
  }

  /** The record was replaced. */
  forget(id: string): void {
    this.held.delete(id);
    this.asked.delete(id);
  }

  private pump(): void {
    for (const [id, newest] of this.wanted) {
      if (this.inFlight.size >= mostInFlight) return;
      if (this.inFlight.has(id)) continue;
      this.wanted.delete(id);
      if (newest > (this.asked.get(id) ?? 0)) void this.ask(id, newest);
    }
  }

  private async ask(id: string, newest: Seq): Promise<void> {
    this.inFlight.add(id);
    try {
      const entry = (await this.options.newest(id)).messages.at(-1);
      this.asked.set(id, Math.max(newest, entry?.seq ?? 0));
      if (entry && isMessage(entry)) this.hold(id, entry);
    } catch {
      this.failedAt.set(id, Date.now()); // no connection, most likely: it is asked again once it is wanted again
    } finally {
      this.inFlight.delete(id);
      this.pump();
    }
  }

  private hold(id: string, message: Message): void {
    this.held.set(id, message);
    this.options.onChange(id, message);
  }
}

const isMessage = (entry: Entry): entry is Message => entry.type === 'message';
