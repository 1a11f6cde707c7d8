// The messages on their way to the record. Each keeps its id until it is acknowledged, so that sending it again is
// safe; each names the one before it (`prev`), so that the server keeps their order through any failure; and what is
// sent again says after which entry it can stand at the earliest (`since`), so that it is recorded once however late it
// comes. What cannot be sent at all, by its size or its shape, fails here, and those behind it go on.
import { byteLength, newId, type Ack, type ErrorFrame, type Limits, type Message } from './protocol.ts';
import type { Request, Seq, ServerFrame } from './protocol.ts';
import type { OnReply, Timer } from './connection.ts';
import { Keeper, type StorageState } from './keeper.ts';
import { defaultLimits, plainMeta, problemOf, sinceProblem, type Refusal } from './limits.ts';
import { keyOf, revive, type OutboxItem } from './outbox-item.ts';
import type { OutboxStore } from './outbox-store.ts';
import { Settling } from './settling.ts';

/** What a message is made of, and the last seq that its author knew of in which log. */
export interface Draft {
  conversation: string;
  text: string;
  /** The caller's own, who may have sent it in an earlier life: after the seq `earliest`, where that is known. */
  id?: string | undefined;
  earliest?: Seq | undefined;
  newest: Seq;
  log?: string | undefined;
  target?: Seq | undefined;
  meta?: Record<string, unknown> | undefined;
}

/** Where a conversation's record stands, as far as this connection has been told. */
export type Place = { known: true; log: string | undefined; last: Seq } | { known: false };

export interface OutboxOptions {
  request(request: Request, onReply: OnReply): boolean;
  /** Where a conversation that may be sent to now stands; nothing where it may not. */
  place(conversation: string): Place | undefined;
  /** The log that a conversation has now. */
  logOf(conversation: string): string | undefined;
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
  private limits: Limits | undefined; // the server's, once it has said them
  private readonly keeper: Keeper;
  private readonly settling = new Settling();
  private readonly tried = new Set<string>(); // keys of what a server may have seen
  private readonly earlier = new Set<string>(); // keys of what may have been sent in an earlier life, after its `since`
  private readonly inFlight = new Set<string>(); // keys
  private readonly shown = new Map<string, Message>(); // by key: seen in the record while the ack is still on its way
  private readonly paused = new Map<string, Timer>(); // by conversation

  constructor(private readonly options: OutboxOptions) {
    this.keeper = new Keeper((state) => options.onStorage(state));
  }

  get storage(): StorageState {
    return this.keeper.state;
  }

  /** How many messages have neither come onto the record nor failed. */
  get left(): number {
    return this.items.filter((item) => item.state === 'sending').length;
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

  /** Is closed for good: another user is here now, and what waits is not theirs. */
  async abandon(): Promise<void> {
    this.settling.abandon();
    await this.close();
  }

  /** The server's limits are known now: what waits is weighed again. */
  weigh(limits: Limits): void {
    this.limits = limits;
    for (const item of [...this.items]) {
      if (!this.waits(item) || this.inFlight.has(keyOf(item))) continue;
      const problem = problemOf(item, limits);
      if (problem) this.fail(item, problem);
    }
  }

  /**
   * A frame was too large for what stands before the server, whatever the server's limits are: of what is on its way the largest is, and
   * fails. Else it would be sent again for ever, and nothing behind it.
   */
  tooBig(): void {
    const sizeOf = (item: OutboxItem) => byteLength(JSON.stringify(item));
    const flying = this.items.filter((item) => item.state === 'sending' && this.inFlight.has(keyOf(item)));
    const [largest] = flying.sort((a, b) => sizeOf(b) - sizeOf(a));
    const reason = 'the connection was closed for a frame over the limit, and of what was on its way this is the largest';
    if (largest) this.fail(largest, { code: 'too_large', reason: `${reason}: send it in parts` });
  }

  /** Queues a message, and keeps it; one that cannot be sent has failed already, and is not kept. */
  add(draft: Draft): OutboxItem {
    const item = this.newItem(draft);
    const problem = this.complete(item, draft.meta) ?? sinceProblem(draft.earliest) ?? this.problemOf(item);
    const before = draft.id === undefined ? undefined : this.find(item);
    if (before && !problem) return this.addAgain(before, item);
    if (draft.earliest !== undefined) this.earlier.add(keyOf(item));
    if (!before) this.items.push(item);
    if (problem) this.refuse(item, problem);
    else this.keeper.save(item);
    this.changed(item.conversation, true);
    return item;
  }

  /** What waits in a conversation and is not seen in the record yet, in the order of sending. */
  in(conversation: string): OutboxItem[] {
    return this.items.filter((item) => item.conversation === conversation && !this.shown.has(keyOf(item)));
  }

  conversations(): string[] {
    return [...new Set(this.items.map((item) => item.conversation))];
  }

  /** Sends what may be sent. It stops at a send that waits for its turn, and passes over those that failed. */
  pump(conversation: string): void {
    const place = this.opened && !this.paused.has(conversation) && this.options.place(conversation);
    if (!place) return;
    const waiting = this.items.filter((item) => item.conversation === conversation && item.state === 'sending');
    let before: OutboxItem | undefined;
    for (const item of waiting.slice(0, inFlightLimit)) {
      if (this.waits(item) && !this.inFlight.has(keyOf(item))) this.transmit(item, before, place);
      if (item.state === 'sending') before = item; // an answer may have come at once
    }
  }

  /**
   * Resolves once the message is on the record, has failed or was discarded; rejects where another user is here before
   * that.
   */
  settled(item: OutboxItem): Promise<OutboxItem> {
    return item.state === 'sending' ? this.settling.of(this.find(item), item) : Promise.resolve(item);
  }

  /** Resolves once nothing waits any more. */
  async drained(): Promise<void> {
    while (this.left > 0) await this.settling.next();
  }

  retry(wanted: string | OutboxItem): void {
    const item = this.lookUp(wanted);
    if (item?.state !== 'failed') return;
    const problem = this.problemOf(item);
    if (problem) return this.fail(item, problem);
    if (item.code === 'conflict') this.rename(item);
    item.state = 'sending';
    delete item.reason;
    delete item.code;
    this.keeper.save(item);
    this.changed(item.conversation, true);
  }

  discard(wanted: string | OutboxItem): void {
    const item = this.lookUp(wanted);
    if (!item) return;
    this.remove(item, true);
    if (item.state === 'recorded') return;
    item.state = 'discarded';
    this.settling.settle(item);
  }

  /**
   * The user's own message was seen in the record. That is as good as an ack; but one that is on its way has the
   * receipt.
   */
  seen(message: Message): void {
    const item = this.find({ conversation: message.conversation, id: message.id! });
    if (!item) return;
    const awaited = item.state === 'sending' && this.inFlight.has(keyOf(item));
    if (awaited) this.shown.set(keyOf(item), message);
    else this.recordAsSeen(item, message);
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

  private newItem({ conversation, text, id, earliest, newest, log, target }: Draft): OutboxItem {
    const before = this.items.at(-1)?.created ?? 0;
    return {
      id: id ?? newId(), conversation, text, since: earliest ?? newest, state: 'sending',
      created: Math.max(Date.now(), before + 1),
      ...(log !== undefined && { log }), ...(target != null && { target }),
    };
  }

  /** Puts the meta in as JSON has it; or says why that cannot be, and puts it in as it is. */
  private complete(item: OutboxItem, meta: Draft['meta']): Refusal | undefined {
    if (meta == null) return undefined;
    item.meta = meta;
    try {
      item.meta = plainMeta(meta);
    } catch (refusal) {
      return refusal as Refusal;
    }
    return undefined;
  }

  /**
   * The caller's own id waits here already: the same message is the same, another one is refused as the server would.
   */
  private addAgain(before: OutboxItem, item: OutboxItem): OutboxItem {
    const content = ({ text, target, meta }: OutboxItem) => JSON.stringify([text, target, meta]);
    if (content(before) === content(item)) {
      this.retry(before);
      return before;
    }
    const reason = 'another message with this id waits to be sent: give each message an id of its own';
    this.refuse(item, { code: 'conflict', reason });
    return item;
  }

  /** Fails a message that never came into the queue. It is told of once the caller has it. */
  private refuse(item: OutboxItem, { code, reason }: Refusal): void {
    Object.assign(item, { state: 'failed', code, reason });
    queueMicrotask(() => this.options.onFailed(item));
  }

  private adopt(found: readonly unknown[]): void {
    const known = new Set(this.items.map(keyOf));
    const isFresh = (item: OutboxItem) => !known.has(keyOf(item)) && known.add(keyOf(item));
    const fresh = found.map((kept) => revive(kept, this.limits)).filter(({ item }) => isFresh(item));
    if (fresh.length === 0) return;
    for (const { item } of fresh) this.tried.add(keyOf(item));
    this.items = [...this.items, ...fresh.map(({ item }) => item)].sort((a, b) => a.created - b.created);
    for (const { item, problem } of fresh) if (problem) this.fail(item, problem);
    for (const conversation of new Set(fresh.map(({ item }) => item.conversation))) this.changed(conversation);
  }

  private transmit(item: OutboxItem, before: OutboxItem | undefined, place: Place): void {
    if (place.known && item.log !== place.log) this.rebase(item, place);
    const key = keyOf(item);
    const whole = this.tried.has(key) ? 0 : undefined; // 0: the whole record is searched
    const since = place.known || this.earlier.has(key) ? item.since : whole;
    const { conversation, id, text, target, meta } = item;
    this.inFlight.add(key);
    const sent = this.options.request(
      {
        type: 'send', conversation, id, text, ...(target !== undefined && { target }), ...(meta && { meta }),
        ...(before && { prev: before.id }), ...(since !== undefined && { since }),
      },
      (reply) => this.replied(item, before, reply),
    );
    if (sent) this.tried.add(key);
    else this.inFlight.delete(key);
  }

  /** The conversation's log is another one: a place in the old one means nothing in it. */
  private rebase(item: OutboxItem, { log, last }: Place & { known: true }): void {
    const key = keyOf(item);
    const earlier = this.earlier.has(key);
    if (item.log !== undefined) delete item.target;
    if (this.tried.has(key) || (earlier && item.log !== undefined)) item.since = 0;
    else if (!earlier) item.since = last;
    if (log === undefined) delete item.log;
    else item.log = log;
  }

  private replied(item: OutboxItem, before: OutboxItem | undefined, reply: ServerFrame | undefined): void {
    const key = keyOf(item);
    const shown = this.shown.get(key);
    this.inFlight.delete(key);
    this.shown.delete(key);
    if (reply?.type === 'ack') this.options.onAck(reply);
    if (this.find(item) !== item) return; // settled or discarded meanwhile
    if (reply?.type === 'ack') this.acked(item, reply, shown);
    else if (shown) this.recordAsSeen(item, shown);
    else if (reply?.type === 'error') this.refused(item, before, reply);
    // Else the connection was lost: the next one sends it again.
  }

  private acked(item: OutboxItem, ack: Ack, shown: Message | undefined): void {
    const { seq, time, sum, duplicate } = ack;
    this.record(item, { seq, time, ...(sum !== undefined && { sum }), ...(duplicate && { duplicate }) }, ack.log);
    if (shown) this.remove(item);
    else this.changed(item.conversation);
  }

  private recordAsSeen(item: OutboxItem, { seq, time, log }: Message): void {
    this.record(item, { seq, time }, log);
    this.remove(item);
  }

  private record(item: OutboxItem, facts: Partial<OutboxItem> & { seq: Seq }, log: string | undefined): void {
    if (item.state === 'recorded') return;
    const known = log ?? this.options.logOf(item.conversation);
    Object.assign(item, facts, { state: 'recorded' }, known !== undefined && { log: known });
    delete item.reason;
    delete item.code;
    this.keeper.forget(item);
    this.options.onRecorded(item);
    this.settling.settle(item);
  }

  private refused(item: OutboxItem, before: OutboxItem | undefined, error: ErrorFrame): void {
    if (error.code === 'out_of_order') {
      // The one before it was not on the record. Once that is settled, one way or the other, this one is next.
      if (!before || this.find(before)?.state !== 'sending') this.pump(item.conversation);
      return;
    }
    if (passing.has(error.code)) {
      item.reason = error.reason;
      this.options.onChange(item.conversation);
      this.pauseFor(item.conversation, error.retry_after ?? pause);
      return;
    }
    this.fail(item, error);
  }

  private fail(item: OutboxItem, { code, reason }: Refusal): void {
    Object.assign(item, { state: 'failed', code, reason });
    this.keeper.save(item);
    this.options.onFailed(item);
    this.settling.settle(item);
    this.changed(item.conversation);
  }

  /** Another message of this user stands on the record under the id. */
  private rename(item: OutboxItem): void {
    this.keeper.forget(item);
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
    if (item.state !== 'recorded') this.keeper.forget(item);
    this.changed(item.conversation, awaited);
  }

  private changed(conversation: string, awaited = false): void {
    this.pump(conversation);
    this.options.onChange(conversation, awaited);
  }

  private problemOf(item: OutboxItem): Refusal | undefined {
    return problemOf(item, this.limits ?? defaultLimits);
  }

  private waits(item: OutboxItem): boolean {
    return item.state === 'sending' && !this.shown.has(keyOf(item));
  }

  private find(wanted: Pick<OutboxItem, 'conversation' | 'id'>): OutboxItem | undefined {
    return this.items.find((item) => item.id === wanted.id && item.conversation === wanted.conversation);
  }

  private lookUp(wanted: string | OutboxItem): OutboxItem | undefined {
    return typeof wanted === 'string' ? this.items.find((item) => item.id === wanted) : this.find(wanted);
  }
}
