// The messages on their way to the record. Each keeps its id until it is acknowledged, so that sending it again is
// safe; each names the one before it (`prev`), so that the server keeps their order through any failure; and what is
// sent again says after which entry it can stand at the earliest (`since`), so that it is recorded once however late it
// comes. What cannot be sent at all, by its size or its shape, fails here, and those behind it go on.

import { defined } from './defined.ts';
import { Keeper, type StorageState } from './keeper.ts';
import { defaultLimits, problemOf, type Refusal, seqProblem } from './limits.ts';
import { keyOf, type OutboxItem, revive, saysTheSame } from './outbox-item.ts';
import type { OutboxStore } from './outbox-store.ts';
import type { OnReply, Timer } from './page-connection.ts';
import type { Request, Seq, ServerFrame } from './protocol.ts';
import { type Ack, byteLength, type ErrorFrame, type Limits, type Message, newId } from './protocol.ts';

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
  /** It is recorded, has failed or was discarded; or, without one, what the store holds is known now. */
  onSettled(item?: OutboxItem): void;
  onStorage(state: StorageState): void;
}

/** An ack; or the entry itself, which has no receipt. */
type Recorded = Pick<Ack, 'seq' | 'time' | 'sum' | 'duplicate' | 'log'>;

const inFlightLimit = 16; // sends of one conversation in flight at once
const pause = 2; // seconds before a send is repeated where the server does not say
const another: Refusal = {
  code: 'conflict',
  reason: 'another message with this id waits: give each one an id of its own',
};

export class Outbox {
  private items: OutboxItem[] = []; // by `created`
  private opened = false;
  private limits: Limits | undefined; // the server's, once it has said them
  private readonly keeper: Keeper;
  private readonly refusals = new WeakSet<OutboxItem>(); // never came into the queue: not kept, its id may be another's
  private readonly tried = new WeakSet<OutboxItem>(); // a server may have seen it
  private readonly earlier = new WeakSet<OutboxItem>(); // may have been sent in an earlier life, after its `since`
  private readonly inFlight = new Set<OutboxItem>();
  private readonly shown = new Map<OutboxItem, Message>(); // seen in the record while the ack is still on its way
  private readonly paused = new Map<string, Timer>(); // by conversation

  constructor(private readonly options: OutboxOptions) {
    this.keeper = new Keeper((state) => options.onStorage(state));
  }

  get storage(): StorageState {
    return this.keeper.state;
  }

  /** Whether nothing waits any more, here or in the store. */
  get drained(): boolean {
    return this.opened && this.left === 0;
  }

  /** How many messages have neither come onto the record nor failed. */
  get left(): number {
    return this.items.filter((item) => item.state === 'sending').length;
  }

  /**
   * Takes in what the store has, and keeps there what is added. Nothing is sent before that: what is older goes first.
   */
  async open(store: OutboxStore): Promise<void> {
    const items = await this.keeper.open(store, (found) => this.adopt(found));
    if (!items) return; // closed meanwhile
    this.opened = true;
    this.adopt(items);
    this.keeper.catchUp();
    this.options.onSettled();
    for (const conversation of this.conversations()) this.pump(conversation);
  }

  /** Sends nothing more, and leaves what waits to whoever opens such a store next. It may be opened again. */
  async close(): Promise<void> {
    this.opened = false;
    for (const timer of this.paused.values()) clearTimeout(timer);
    this.paused.clear();
    await this.keeper.close();
  }

  /** The server's limits are known now: what waits is weighed again. */
  weigh(limits: Limits): void {
    this.limits = limits;
    this.failAll(this.items.filter((item) => this.isDue(item)).map((item) => [item, problemOf(item, limits)]));
  }

  /**
   * A frame was too large for what stands before the server, whatever the server's limits are: of what is on its way
   * the largest is, and fails. Else it would be sent again for ever, and nothing behind it.
   */
  tooBig(): void {
    const sizeOf = (item: OutboxItem) => byteLength(JSON.stringify(item));
    const flying = [...this.inFlight].filter((item) => item.state === 'sending' && !this.shown.has(item));
    const [largest] = flying.sort((a, b) => sizeOf(b) - sizeOf(a));
    const reason =
      'the connection was closed for a frame over the limit; of what was on its way this is the largest: send it in parts';
    if (largest) this.fail(largest, { code: 'too_large', reason });
  }

  /** Queues a message, and keeps it; one that cannot be sent has failed already, and is not kept. */
  add(draft: Draft): OutboxItem {
    const item = this.newItem(draft);
    const problem = seqProblem('since', draft.earliest ?? 0, 0) ?? this.problemOf(item);
    const before = draft.id === undefined ? undefined : this.find(item);
    if (before && !problem) return this.addAgain(before, item);
    if (draft.earliest != null) this.earlier.add(item);
    if (draft.id !== undefined && !problem) this.keeper.reserve(item);
    return this.queue(item, problem);
  }

  /** What waits in a conversation and is not seen in the record yet, in the order of sending. */
  in(conversation: string): OutboxItem[] {
    return this.items.filter((item) => item.conversation === conversation && !this.shown.has(item));
  }

  conversations(): Set<string> {
    return conversationsOf(this.items);
  }

  /** Sends what may be sent. It stops at a send that waits for its turn, and passes over those that failed. */
  pump(conversation: string): void {
    const place = this.opened && !this.paused.has(conversation) && this.options.place(conversation);
    if (!place) return;
    const waiting = this.items.filter((item) => item.conversation === conversation && item.state === 'sending');
    let before: OutboxItem | undefined;
    for (const item of waiting.slice(0, inFlightLimit)) {
      if (this.isDue(item)) this.transmit(item, before, place);
      if (item.state === 'sending') before = item; // an answer may have come at once
    }
  }

  retry(wanted: string | OutboxItem): void {
    const item = this.lookUp(wanted);
    if (item?.state !== 'failed') return;
    if (item.code === 'conflict') this.rename(item);
    this.sendAgain(item);
  }

  discard(wanted: string | OutboxItem): void {
    const item = this.lookUp(wanted);
    if (!item) return;
    this.remove(item, true);
    if (item.state === 'recorded') return;
    item.state = 'discarded';
    this.options.onSettled(item);
  }

  /**
   * The user's own message was seen in the record. That is as good as an ack; but one that is on its way has the
   * receipt.
   */
  seen(message: Message): void {
    const item = this.find({ conversation: message.conversation, id: message.id! });
    if (!item || !saysTheSame(item, message)) return; // of another one under its id the answer tells
    const awaited = item.state === 'sending' && this.inFlight.has(item);
    if (awaited) this.shown.set(item, message);
    else this.record(item, message, true);
  }

  /** Drops what is acknowledged and stands at or before `last`: the timeline shows it, or has left it behind. */
  prune(conversation: string, last: Seq): void {
    this.items = this.items.filter(
      (item) => item.conversation !== conversation || item.state !== 'recorded' || (item.seq ?? 0) > last,
    );
  }

  /** A conversation's record is another one, perhaps under the same log's name: what waits knows of no place in it. */
  displace(conversation: string): void {
    for (const item of this.in(conversation)) this.uproot(item);
  }

  private uproot(item: OutboxItem): void {
    item.since = 0; // the whole record is to be searched
    delete item.log;
    delete item.target;
    this.keep(item);
  }

  private newItem({ conversation, text, id, earliest, newest, log, target, meta }: Draft): OutboxItem {
    const before = this.items.at(-1)?.created ?? 0;
    return {
      id: id ?? newId(),
      conversation,
      text,
      since: earliest ?? newest,
      state: 'sending',
      created: Math.max(Date.now(), before + 1),
      ...defined({ log, target: target ?? undefined, meta: meta == null ? undefined : asJson(meta) }),
    };
  }

  /**
   * The caller's own id waits here already: the same message is the same, another one is refused as the server would.
   */
  private addAgain(before: OutboxItem, item: OutboxItem): OutboxItem {
    if (!saysTheSame(before, item)) return this.queue(item, another);
    if (before.state === 'failed') this.sendAgain(before); // under this id, whatever was wrong with it
    return before;
  }

  /** Puts a new message into the queue; or fails it, which is told of once the caller has it. */
  private queue(item: OutboxItem, problem: Refusal | undefined): OutboxItem {
    this.items.push(item);
    if (!problem) this.keeper.save(item);
    else {
      this.refusals.add(item);
      become(item, failedBy(problem));
      queueMicrotask(() => this.options.onFailed(item));
    }
    this.changed(item.conversation, true);
    return item;
  }

  private sendAgain(item: OutboxItem): void {
    const twin = this.find(item);
    become(item, { state: 'sending' });
    const problem = this.problemOf(item) ?? (twin && twin !== item ? another : undefined);
    if (problem) return this.fail(item, problem);
    this.refusals.delete(item);
    this.keeper.save(item);
    this.changed(item.conversation, true);
  }

  /** Takes what a store holds in, but for what is here already. */
  private adopt(found: readonly unknown[]): void {
    const here = new Map(this.items.filter((item) => !this.refusals.has(item)).map((item) => [keyOf(item), item]));
    const fresh: OutboxItem[] = [];
    const failed: [OutboxItem, Refusal | undefined][] = [];
    for (const { item, problem } of found.map((kept) => revive(kept, this.limits))) {
      const twin = here.get(keyOf(item));
      if (twin && (!this.keeper.isReserved(twin) || this.goesOn(twin, item))) continue;
      if (twin) {
        this.unkeep(twin);
        this.refusals.add(twin);
        failed.push([twin, another]);
      }
      here.set(keyOf(item), item);
      this.tried.add(item);
      fresh.push(item);
      failed.push([item, problem]);
    }
    this.items = [...this.items, ...fresh].sort((a, b) => a.created - b.created);
    this.failAll(failed);
    for (const conversation of conversationsOf(fresh)) this.changed(conversation);
  }

  /** Whether a message that an earlier life has sent, or meant to, is the one that waits: then that goes on as it. */
  private goesOn(item: OutboxItem, kept: OutboxItem): boolean {
    if (!saysTheSame(item, kept)) return false;
    item.created = kept.created;
    item.since = kept.since;
    putInto(item, kept.log);
    this.tried.add(item);
    this.earlier.delete(item);
    return true;
  }

  private transmit(item: OutboxItem, before: OutboxItem | undefined, place: Place): void {
    if (place.known && item.log !== place.log) this.rebase(item, place);
    const whole = this.tried.has(item) ? 0 : undefined; // 0: the whole record is searched
    const since = place.known || this.earlier.has(item) ? item.since : whole;
    const { conversation, id, text, target, meta } = item;
    const log = place.known ? undefined : item.log; // nobody has asked yet whether it is still this one
    this.inFlight.add(item);
    const sent = this.options.request(
      { type: 'send', conversation, id, text, target, meta, log, prev: before?.id, since },
      (reply) => this.replied(item, before, reply),
    );
    if (sent) this.tried.add(item);
    else this.inFlight.delete(item);
  }

  /** The conversation's log is another one: a place in the old one means nothing in it. */
  private rebase(item: OutboxItem, { log, last }: Place & { known: true }): void {
    const earlier = this.earlier.has(item);
    if (item.log !== undefined) delete item.target;
    if (this.tried.has(item) || (earlier && item.log !== undefined)) item.since = 0;
    else if (!earlier) item.since = last;
    putInto(item, log);
  }

  private replied(item: OutboxItem, before: OutboxItem | undefined, reply: ServerFrame | undefined): void {
    const shown = this.shown.get(item);
    this.inFlight.delete(item);
    this.shown.delete(item);
    if (reply?.type === 'ack') this.options.onAck(reply);
    if (!this.items.includes(item)) return; // settled or discarded meanwhile
    if (reply?.type === 'ack') this.record(item, reply, shown !== undefined);
    else if (shown) this.record(item, shown, true);
    else if (reply?.type === 'error') this.refused(item, before, reply);
    // Else the connection was lost: the next one sends it again.
  }

  /** It is on the record, by an ack or by its entry. What was `seen` there waits for nothing any more. */
  private record(item: OutboxItem, { seq, time, sum, duplicate, log }: Recorded, seen: boolean): void {
    if (item.state !== 'recorded') {
      const known = { log: log ?? this.options.logOf(item.conversation), duplicate: duplicate || undefined };
      become(item, { state: 'recorded', ...defined({ seq, time, sum, ...known }) });
      this.keeper.forget(item);
      this.options.onRecorded(item);
      this.options.onSettled(item);
    }
    if (seen) this.remove(item);
    else this.changed(item.conversation);
  }

  private refused(item: OutboxItem, before: OutboxItem | undefined, error: ErrorFrame): void {
    if (error.code === 'out_of_order') {
      // The one before it was not on the record. Once that is settled, one way or the other, this one is next.
      if (!before || !this.items.includes(before) || before.state !== 'sending') this.pump(item.conversation);
      return;
    }
    if (error.code === 'reset') {
      // its log is not the conversation's any more
      this.uproot(item);
      this.pump(item.conversation);
      return;
    }
    if (error.code === 'rate_limited' || error.code === 'unavailable') {
      item.reason = error.reason;
      this.options.onChange(item.conversation);
      this.pauseFor(item.conversation, error.retry_after ?? pause);
      return;
    }
    this.fail(item, error);
  }

  private fail(item: OutboxItem, problem: Refusal): void {
    this.failAll([[item, problem]]);
  }

  /** Fails those that have a problem. Only then is anybody told: what follows one may have failed, too. */
  private failAll(all: [OutboxItem, Refusal | undefined][]): void {
    const failed: OutboxItem[] = [];
    for (const [item, problem] of all) {
      if (!problem || item.state !== 'sending') continue;
      become(item, failedBy(problem));
      this.keep(item);
      failed.push(item);
    }
    for (const item of failed) {
      if (item.state === 'failed') this.options.onFailed(item); // who was told of one may have given up another
      if (item.state === 'failed') this.options.onSettled(item);
    }
    for (const conversation of conversationsOf(failed)) this.changed(conversation);
  }

  /** Another message of this user stands on the record, or waits, under the id. */
  private rename(item: OutboxItem): void {
    this.unkeep(item);
    this.tried.delete(item);
    this.earlier.delete(item);
    item.id = newId();
  }

  private keep(item: OutboxItem): void {
    if (!this.refusals.has(item)) this.keeper.save(item);
  }

  private unkeep(item: OutboxItem): void {
    if (!this.refusals.has(item)) this.keeper.forget(item);
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
    if (item.state !== 'recorded') this.unkeep(item);
    this.changed(item.conversation, awaited);
  }

  private changed(conversation: string, awaited = false): void {
    this.pump(conversation);
    this.options.onChange(conversation, awaited);
  }

  private problemOf(item: OutboxItem): Refusal | undefined {
    return problemOf(item, this.limits ?? defaultLimits);
  }

  /** Whether it waits, and is not on its way. */
  private isDue(item: OutboxItem): boolean {
    return item.state === 'sending' && !this.inFlight.has(item);
  }

  /** The message of the queue with this id. What never came into it may have the same one. */
  private find(wanted: Pick<OutboxItem, 'conversation' | 'id'>): OutboxItem | undefined {
    return this.items.find((item) => isOf(item, wanted) && !this.refusals.has(item));
  }

  /** By an id, or by the message, of which there may be copies. */
  lookUp(wanted: string | OutboxItem): OutboxItem | undefined {
    if (typeof wanted === 'string') return this.items.find((item) => item.id === wanted);
    return this.items.find((item) => isOf(item, wanted) && item.created === wanted.created);
  }
}

function isOf(item: OutboxItem, { conversation, id }: Pick<OutboxItem, 'conversation' | 'id'>): boolean {
  return item.id === id && item.conversation === conversation;
}

/** It is in another state, for a reason of that state's or for none. */
function become(item: OutboxItem, facts: Partial<OutboxItem>): void {
  delete item.reason;
  delete item.code;
  Object.assign(item, facts);
}

function failedBy({ code, reason }: Refusal): Partial<OutboxItem> {
  return { state: 'failed', code, reason };
}

/** Says which log its places mean something in. */
function putInto(item: OutboxItem, log: string | undefined): void {
  delete item.log;
  Object.assign(item, defined({ log }));
}

function conversationsOf(items: OutboxItem[]): Set<string> {
  return new Set(items.map((item) => item.conversation));
}

/**
 * What JSON makes of it now: what becomes of the original later changes nothing. What is no JSON stays as it is, for
 * `problemOf` to say so.
 */
function asJson<Value>(value: Value): Value {
  try {
    return JSON.parse(JSON.stringify(value)) as Value;
  } catch {
    return value;
  }
}
