// The messages on their way to the record. Each keeps its id until it is acknowledged, so that sending it again is safe;
// each names the one before it (`prev`), so that the server keeps their order through any failure; and what is sent again says
// after which entry it can stand at the earliest (`since`), so that it is recorded once however late it comes.
import { newId, type Ack, type ErrorFrame, type Request, type Seq, type ServerFrame } from './protocol.ts';
import type { OnReply, Timer } from './connection.ts';
import { Keeper, type StorageState } from './keeper.ts';
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
  /** The application's own. */
  meta?: Record<string, unknown>;
  /** Why it failed; or, of one that is `sending`, why the record could not take it yet. */
  reason?: string;
  /** The error's code, where it failed. */
  code?: string;
}

/** What a message is made of, and the last seq that its author knew of in which log. */
export type Draft = Pick<OutboxItem, 'conversation' | 'text' | 'since'> & { log?: string | undefined; target?: Seq | undefined; meta?: OutboxItem['meta'] };

/** Where a conversation's record stands, as far as this connection has been told. */
export type Place = { known: true; log: string | undefined; last: Seq } | { known: false };

export interface OutboxOptions {
  request(request: Request, onReply: OnReply): boolean;
  /** Where a conversation that may be sent to now stands; nothing where it may not. */
  place(conversation: string): Place | undefined;
  onChange(conversation: string, awaited?: boolean): void;
  onRecorded(item: OutboxItem): void;
  onAck(ack: Ack): void;
  onFailed(item: OutboxItem): void;
  onStorage(state: StorageState): void;
}

const inFlightLimit = 16; // sends of one conversation in flight at once
const pause = 2; // seconds before a send is repeated where the server does not say
const passing = new Set(['rate_limited', 'unavailable']);

export class Outbox {
  private items: OutboxItem[] = []; // by `created`
  private opened = false;
  private readonly keeper: Keeper;
  private readonly tried = new Set<string>(); // ids that a server may have seen
  private readonly inFlight = new Set<string>();
  private readonly paused = new Map<string, Timer>(); // by conversation

  constructor(private readonly options: OutboxOptions) {
    this.keeper = new Keeper((state) => options.onStorage(state));
  }

  get storage(): StorageState {
    return this.keeper.state;
  }

  /** Takes in what the store has, and keeps there what is added. Nothing is sent before that: what is older goes first. */
  async open(store: OutboxStore): Promise<void> {
    const items = await this.keeper.open(store, (found) => this.adopt(found));
    if (!items) return; // closed meanwhile
    this.opened = true;
    this.adopt(items);
    for (const conversation of this.conversations()) this.pump(conversation);
  }

  /** Sends nothing more, and leaves what waits to whoever opens such a store next. It may be opened again. */
  async close(): Promise<void> {
    this.opened = false;
    for (const timer of this.paused.values()) clearTimeout(timer);
    this.paused.clear();
    await this.keeper.close();
  }

  add({ conversation, text, since, log, target, meta }: Draft): OutboxItem {
    const newest = this.items.at(-1)?.created ?? 0;
    const item: OutboxItem = {
      id: newId(), conversation, text, since, state: 'sending', created: Math.max(Date.now(), newest + 1),
      ...(log !== undefined && { log }), ...(target !== undefined && { target }), ...(meta && { meta }),
    };
    this.items.push(item);
    this.keeper.save(item);
    this.changed(conversation, true);
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
    const place = this.opened && !this.paused.has(conversation) && this.options.place(conversation);
    if (!place) return;
    const waiting = this.in(conversation).filter((item) => item.state === 'sending');
    for (const [index, item] of waiting.slice(0, inFlightLimit).entries()) {
      if (!this.inFlight.has(item.id)) this.transmit(item, waiting[index - 1], place);
    }
  }

  retry(id: string): void {
    const item = this.find(id);
    if (item?.state !== 'failed') return;
    if (item.code === 'conflict') this.rename(item);
    item.state = 'sending';
    delete item.reason;
    delete item.code;
    this.keeper.save(item);
    this.changed(item.conversation, true);
  }

  discard(id: string): void {
    const item = this.find(id);
    if (item) this.remove(item, true);
  }

  /** The user's own message was seen in the record. That is as good as an ack, which may have been lost. */
  seen(id: string, seq: Seq): void {
    const item = this.find(id);
    if (!item) return;
    this.record(item, seq);
    this.remove(item);
  }

  /** Drops what is acknowledged and stands at or before `last`: the timeline shows it, or has left it behind. */
  prune(conversation: string, last: Seq): void {
    this.items = this.items.filter(
      (item) => item.conversation !== conversation || item.state !== 'recorded' || (item.seq ?? 0) > last,
    );
  }

  /** A conversation's record is another one, perhaps under the same log's name: what waits knows of no place in it. */
  displace(conversation: string): void {
    for (const item of this.in(conversation)) {
      item.since = 0; // the whole record is to be searched
      delete item.log;
      delete item.target;
      this.keeper.save(item);
    }
  }

  private adopt(found: OutboxItem[]): void {
    const known = new Set(this.items.map((item) => item.id));
    const fresh = found.filter((item) => !known.has(item.id));
    if (fresh.length === 0) return;
    for (const { id } of fresh) this.tried.add(id);
    this.items = [...this.items, ...fresh].sort((a, b) => a.created - b.created);
    for (const conversation of new Set(fresh.map((item) => item.conversation))) this.changed(conversation);
  }

  private transmit(item: OutboxItem, before: OutboxItem | undefined, place: Place): void {
    if (place.known && item.log !== place.log) this.rebase(item, place);
    const since = place.known ? item.since : this.tried.has(item.id) ? 0 : undefined; // 0: the whole record is to be searched
    const { conversation, id, text, target, meta } = item;
    this.inFlight.add(id);
    const sent = this.options.request(
      {
        type: 'send', conversation, id, text, ...(target !== undefined && { target }), ...(meta && { meta }),
        ...(before && { prev: before.id }), ...(since !== undefined && { since }),
      },
      (reply) => this.replied(item, before, reply),
    );
    if (sent) this.tried.add(id);
    else this.inFlight.delete(id);
  }

  /** The conversation's log is another one: a place in the old one means nothing in it. */
  private rebase(item: OutboxItem, { log, last }: Place & { known: true }): void {
    item.since = this.tried.has(item.id) ? 0 : last;
    if (item.log !== undefined) delete item.target;
    if (log === undefined) delete item.log;
    else item.log = log;
  }

  private replied(item: OutboxItem, before: OutboxItem | undefined, reply: ServerFrame | undefined): void {
    this.inFlight.delete(item.id);
    if (reply?.type === 'ack') this.options.onAck(reply);
    if (this.find(item.id) !== item) return; // settled or discarded meanwhile
    if (reply?.type === 'ack') this.acked(item, reply);
    else if (reply?.type === 'error') this.refused(item, before, reply);
    // Else the connection was lost: the next one sends it again.
  }

  private acked(item: OutboxItem, ack: Ack): void {
    this.record(item, ack.seq);
    this.changed(item.conversation);
  }

  private record(item: OutboxItem, seq: Seq): void {
    if (item.state === 'recorded') return;
    item.state = 'recorded';
    item.seq = seq;
    delete item.reason;
    this.keeper.forget(item.id);
    this.options.onRecorded(item);
  }

  private refused(item: OutboxItem, before: OutboxItem | undefined, error: ErrorFrame): void {
    if (error.code === 'out_of_order') {
      // The one before it was not on the record. Once that is settled, one way or the other, this one is next.
      if (!before || this.find(before.id)?.state !== 'sending') this.pump(item.conversation);
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
    item.code = error.code;
    this.keeper.save(item);
    this.options.onFailed(item);
    this.changed(item.conversation);
  }

  /** Another message of this user stands on the record under the id. */
  private rename(item: OutboxItem): void {
    this.keeper.forget(item.id);
    item.id = newId();
  }

  private pauseFor(conversation: string, seconds: number): void {
    clearTimeout(this.paused.get(conversation));
    const timer = setTimeout(() => {
      this.paused.delete(conversation);
      this.pump(conversation);
    }, seconds * 1000);
    this.paused.set(conversation, timer);
  }

  private remove(item: OutboxItem, awaited = false): void {
    this.items = this.items.filter((other) => other !== item);
    if (item.state !== 'recorded') this.keeper.forget(item.id);
    this.changed(item.conversation, awaited);
  }

  private changed(conversation: string, awaited = false): void {
    this.pump(conversation);
    this.options.onChange(conversation, awaited);
  }

  private find(id: string): OutboxItem | undefined {
    return this.items.find((item) => item.id === id);
  }
}
