// The newest message of conversations that are only followed: asked for one by one, where somebody can see the answer.
import { type Entry, type HistoryPage, type Message, RequestError, type Seq } from '@verbatim/client';

export interface PreviewsOptions {
  /** The newest page of a conversation's record, of one entry. */
  newest(id: string): Promise<HistoryPage>;
  onChange(id: string, message: Message): void;
}

const maxInFlight = 3;
const pauseAfterFailure = 5_000; // ms

export class Previews {
  private readonly held = new Map<string, Message>(); // by conversation
  private readonly asked = new Map<string, Seq>(); // up to which seq the answer is known, whatever it was
  private readonly wanted = new Map<string, Seq>(); // waits its turn
  private readonly inFlight = new Set<string>();
  private readonly failed = new Map<string, Seq>(); // wanted, and asked for again after a pause
  private readonly resting = new Set<string>(); // not to be asked for before that, even where it is wanted
  private readonly turns = new Map<string, number>(); // how often a record was replaced
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ended = false;

  constructor(private readonly options: PreviewsOptions) {}

  get(id: string): Message | undefined {
    return this.held.get(id);
  }

  /** Asks for the newest message, unless it is the one that is held. Calls while one is in flight become one more. */
  want(id: string, newest: Seq): void {
    if (newest <= (this.asked.get(id) ?? 0)) return;
    if (this.resting.has(id)) return void this.failed.set(id, newest);
    this.failed.delete(id);
    this.wanted.set(id, newest);
    this.pump();
  }

  /** Nobody looks at it any longer. */
  unwant(id: string): void {
    this.wanted.delete(id);
    this.failed.delete(id);
  }

  /** The record was replaced: an answer that is on its way is of the old one. */
  forget(id: string): void {
    this.held.delete(id);
    this.asked.delete(id);
    this.unwant(id);
    this.turns.set(id, this.turnOf(id) + 1);
  }

  /** Nothing more is asked for, and no answer counts. */
  end(): void {
    this.ended = true;
    clearTimeout(this.timer);
  }

  private pump(): void {
    for (const [id, newest] of this.wanted) {
      if (this.ended || this.inFlight.size >= maxInFlight) return;
      if (this.inFlight.has(id)) continue;
      this.wanted.delete(id);
      if (newest > (this.asked.get(id) ?? 0)) void this.ask(id, newest);
    }
  }

  private async ask(id: string, newest: Seq): Promise<void> {
    const turn = this.turnOf(id);
    const counts = () => !this.ended && turn === this.turnOf(id);
    this.inFlight.add(id);
    try {
      const entry = (await this.options.newest(id)).messages.at(-1);
      if (!counts()) return;
      this.asked.set(id, Math.max(newest, entry?.seq ?? 0));
      if (entry && isMessage(entry)) this.hold(id, entry);
    } catch (error) {
      if (counts()) this.askLater(id, newest, error);
    } finally {
      this.inFlight.delete(id);
      this.pump();
    }
  }

  /** Without a connection nobody was asked: who wants it when there is one need not wait. */
  private askLater(id: string, newest: Seq, error: unknown): void {
    if (!(error instanceof RequestError && error.code === 'disconnected')) this.resting.add(id);
    this.failed.set(id, this.wanted.get(id) ?? newest);
    this.wanted.delete(id);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.resting.clear();
      for (const [again, seq] of [...this.failed]) this.want(again, seq);
    }, pauseAfterFailure);
  }

  private turnOf(id: string): number {
    return this.turns.get(id) ?? 0;
  }

  private hold(id: string, message: Message): void {
    this.held.set(id, message);
    this.options.onChange(id, message);
  }
}

const isMessage = (entry: Entry): entry is Message => entry.type === 'message';
