// The messages on their way to the record. Each keeps its id until it is acknowledged, so that sending it again is safe;
// each names the one before it (`prev`), so that the server keeps their order through any failure.
import { newId, type Ack, type ErrorFrame, type Request, type Seq, type ServerFrame } from './protocol.ts';
import type { OnReply, Timer } from './connection.ts';
import type { OutboxStore } from './outbox-store.ts';

export interface OutboxItem {
  id: string;
  conversation: string;
  text: string;
  /** Milliseconds, and unique here: the order of sending. */
  created: number;
  /** The last seq that was known when this was first sent, and the log that it means something in. */
  since: Seq;
  log?: string;
  /** `recorded` is acknowledged, and waits only to be seen in the timeline. */
  state: 'sending' | 'recorded' | 'failed';
  seq?: Seq;
  /** The seq that it answers to. */
  target?: Seq;
  /** Why it failed; or, of one that is `sending`, why the record could not take it yet. */
  reason?: string;
}

export interface OutboxOptions {
  store: OutboxStore;
  request(request: Request, onReply: OnReply): boolean;
  /** Whether a conversation may be sent to now. */
  ready(conversation: string): boolean;
  onChange(conversation: string): void;
  onAck(item: OutboxItem): void;
}

const inFlightLimit = 16; // sends of one conversation in flight at once
const pause = 2; // seconds before a send is repeated where the server does not say
const passing = new Set(['rate_limited', 'unavailable']);

export class Outbox {
  private items: OutboxItem[];
  private readonly inFlight = new Set<string>();
  private readonly paused = new Map<string, Timer>(); // by conversation

  constructor(private readonly options: OutboxOptions) {
    this.items = options.store.load();
  }

  add(conversation: string, text: string, since: Seq, log: string | undefined, target?: Seq): OutboxItem {
    const newest = this.items.at(-1)?.created ?? 0;
    const item: OutboxItem = {
      id: newId(), conversation, text, since, state: 'sending', created: Math.max(Date.now(), newest + 1), ...(log && { log }),
      ...(target !== undefined && { target }),
    };
    this.items.push(item);
    this.options.store.put(item);
    this.changed(conversation);
    return item;
  }

  /** What waits in a conversation, in the order of sending. */
  in(conversation: string): OutboxItem[] {
    return this.items.filter((item) => item.conversation === conversation);
  }

  conversations(): string[] {
    return [...new Set(this.items.map((item) => item.conversation))];
  }

  /** Sends what may be sent. It stops at a send that waits for its turn, and passes over those that failed. */
  pump(conversation: string): void {
    if (!this.options.ready(conversation) || this.paused.has(conversation)) return;
    const waiting = this.in(conversation).filter((item) => item.state === 'sending');
    for (const [index, item] of waiting.slice(0, inFlightLimit).entries()) {
      if (!this.inFlight.has(item.id)) this.transmit(item, waiting[index - 1]);
    }
  }

  retry(id: string): void {
    const item = this.find(id);
    if (item?.state !== 'failed') return;
    item.state = 'sending';
    delete item.reason;
    this.options.store.put(item);
    this.changed(item.conversation);
  }

  discard(id: string): void {
    const item = this.find(id);
    if (item) this.remove(item);
  }

  /** The user's own message was seen in the record. That is as good as an ack, which may have been lost. */
  seen(id: string): void {
    const item = this.find(id);
    if (!item) return;
    item.state = 'recorded';
    this.remove(item);
  }

  /** Drops what is acknowledged and stands at or before `last`: the timeline shows it, or has left it behind. */
  prune(conversation: string, last: Seq): void {
    this.items = this.items.filter(
      (item) => item.conversation !== conversation || item.state !== 'recorded' || (item.seq ?? 0) > last,
    );
  }

  /** The conversation's log is this one now. A `since` of another log means nothing: the whole record is to be searched. */
  rebase(conversation: string, log: string | undefined): void {
    for (const item of this.in(conversation)) {
      if (item.log === log) continue;
      item.since = 0;
      delete item.target; // it was a place in the other log
      if (log === undefined) delete item.log;
      else item.log = log;
      if (item.state !== 'recorded') this.options.store.put(item);
    }
  }

  private transmit(item: OutboxItem, before: OutboxItem | undefined): void {
    this.inFlight.add(item.id);
    const { conversation, id, text, since, target } = item;
    const sent = this.options.request(
      { type: 'send', conversation, id, text, since, ...(target !== undefined && { target }), ...(before && { prev: before.id }) },
      (reply) => this.replied(item, before, reply),
    );
    if (!sent) this.inFlight.delete(item.id);
  }

  private replied(item: OutboxItem, before: OutboxItem | undefined, reply: ServerFrame | undefined): void {
    this.inFlight.delete(item.id);
    if (reply?.type === 'ack') this.acked(item, reply);
    else if (reply?.type === 'error') this.refused(item, before, reply);
    // Else the connection was lost: the next one sends it again.
  }

  private acked(item: OutboxItem, ack: Ack): void {
    item.state = 'recorded';
    item.seq = ack.seq;
    delete item.reason;
    this.options.store.remove(item.id);
    this.options.onAck(item);
    this.changed(item.conversation);
  }

  private refused(item: OutboxItem, before: OutboxItem | undefined, error: ErrorFrame): void {
    if (error.code === 'out_of_order') {
      // The one before it was not on the record. Once that is settled, one way or the other, this one is next.
      if (before && before.state !== 'sending') this.pump(item.conversation);
      return;
    }
    if (passing.has(error.code)) {
      item.reason = error.reason;
      this.options.onChange(item.conversation);
      this.pauseFor(item.conversation, error.retry_after ?? pause);
      return;
    }
    item.state = 'failed';
    item.reason = error.reason;
    this.options.store.put(item);
    this.changed(item.conversation);
  }

  private pauseFor(conversation: string, seconds: number): void {
    clearTimeout(this.paused.get(conversation));
    const timer = setTimeout(() => {
      this.paused.delete(conversation);
      this.pump(conversation);
    }, seconds * 1000);
    this.paused.set(conversation, timer);
  }

  private remove(item: OutboxItem): void {
    this.items = this.items.filter((other) => other !== item);
    this.options.store.remove(item.id);
    this.changed(item.conversation);
  }

  private changed(conversation: string): void {
    this.pump(conversation);
    this.options.onChange(conversation);
  }

  private find(id: string): OutboxItem | undefined {
    return this.items.find((item) => item.id === id);
  }
}
