// One conversation as this client knows it: what is held of its record, who is there, and how far one has read.
import type { Connection, Timer } from './connection.ts';
import { Growing } from './growing.ts';
import { Joining, joinAgainAfter, type ConversationMode, type Start } from './joining.ts';
import { isNumber, isPassing, type Refusal } from './limits.ts';
import type { Place } from './outbox.ts';
import { People } from './people.ts';
import type { Position } from './position.ts';
import { ReadMark } from './read-mark.ts';
import { Timeline } from './timeline.ts';
import type { Ack, Entry, ErrorFrame, Joined, Last, Message, Seq, ServerFrame } from './protocol.ts';

export type { ConversationMode } from './joining.ts';

export interface ConversationEvents {
  onChange(awaited?: boolean): void;
  /** The record is another one now (removed, restored or wiped), and what was shown of the old one is gone. */
  onReset(): void;
  /** It is to be joined, in another way than before: whether there is room for it is to be decided. */
  onWanted(): void;
  /** A join was answered, with yes or with no; or nobody waits for its answer any more. */
  onAnswered(): void;
  /** The server has no room for this join. */
  onNoRoom(reason: string): void;
  /** The server refused something that nobody waits for. */
  onProblem(problem: Refusal): void;
  onMessage(message: Message): void;
}

const pageSize = 50; // entries
const aroundSize = 60; // entries on both sides together of one that is gone to
const typingEvery = 3_000; // ms; the server passes on no more
const readRef = /^read:(.*)$/; // what a mark is told with: only a refusal is answered

export class Conversation {
  /** When its newest entry was written, where that came while this client looked (RFC 3339). */
  newestTime: string | undefined;
  /** What was its newest when it was joined last: anything after it is live. */
  lastAtJoin: Seq = 0;
  /** How the application itself wants it; a component that shows it may want more. */
  wish: ConversationMode = 'idle';
  /** Counts its changes: what was drawn at another number is not as it was. */
  revision = 0;
  loadingOlder = false;
  loadingNewer = false;
  /** Messages held at most; a program that runs for a year must not hold them all. Who scrolls holds those around. */
  mostHeld = 10_000;
  /** Whether somebody reads before the end: what is too much is let go there then, and not where they read. */
  heldBack = false;
  readonly timeline = new Timeline();
  readonly growing = new Growing();
  readonly people: People;
  private readonly mark = new ReadMark();
  private readonly joining: Joining;
  private markLog: string | undefined; // what the mark is of, where the record is asked for as if nothing were known
  private readTimer: Timer;
  private typedAt = 0;

  constructor(readonly id: string, private readonly connection: Connection, private readonly events: ConversationEvents) {
    this.people = new People(() => events.onChange());
    this.joining = new Joining(id, connection, this.timeline, {
      onChange: () => events.onChange(),
      onWanted: () => events.onWanted(),
      onJoined: (joined) => this.accepted(joined),
      onAnswered: () => events.onAnswered(),
      onNoRoom: (reason) => events.onNoRoom(reason),
      onAnotherRecord: () => this.forget(),
    });
  }

  get mode(): ConversationMode {
    return this.joining.mode;
  }

  get joined(): boolean {
    return this.joining.joined;
  }

  /** Why it cannot be joined, in the server's words. */
  get problem(): string | undefined {
    return this.joining.problem;
  }

  /** The server's code for that. */
  get code(): string | undefined {
    return this.joining.code;
  }

  /** Whether that may pass: it is tried again without anybody's doing. */
  get passing(): boolean {
    return this.joining.passing;
  }

  /** The record that the newest join found; unknown while there is no entry. */
  get log(): string | undefined {
    return this.joining.log;
  }

  /** The newest seq of it that is known of, held or only heard of. */
  get newest(): Seq {
    return this.joining.newest;
  }

  /**
   * Whether it is left out for want of room: a session joins no more than `limits.joins`. It is joined as soon as there
   * is room.
   */
  get aside(): boolean {
    return this.joining.aside;
  }

  /** Whether this connection was asked to join it. */
  get asked(): boolean {
    return this.joining.asked;
  }

  /** The user's own read mark; nothing where there is none, or before it was joined. */
  get readTo(): Seq | undefined {
    return this.mark.seq;
  }

  /** How many entries the user has not read: all of them, for who has no mark. Not known before it was joined. */
  get unread(): number | undefined {
    return this.joining.known ? Math.max(0, this.newest - (this.readTo ?? 0)) : undefined;
  }

  /** Whether a join goes on where it was, or where it was told to begin. */
  get opened(): boolean {
    return this.joining.opened;
  }

  /**
   * Where this client stands, to be kept by a program and handed back to `join` as `after`; nothing while that is not
   * known.
   */
  get position(): Position | undefined {
    return this.joining.position;
  }

  /** Joins, or joins in the other way; joins again where it was refused, or was sent away. */
  enter(mode: 'open' | 'followed'): void {
    if (mode === this.mode && this.problem === undefined) return;
    if (mode !== 'open') this.people.clear();
    this.joining.enter(mode);
  }

  /** Joins with the entries from where the owner says; what is joined already is joined anew. */
  enterFrom(start: Start): void {
    this.markLog = this.log ?? this.markLog;
    this.drop();
    this.joining.enterFrom(start);
    this.events.onChange();
  }

  leave(): void {
    if (this.mode === 'idle') return;
    this.joining.leave();
    this.tellLeave();
    this.events.onAnswered(); // what waits for a join waits no more
    this.events.onChange();
  }

  /** There is no room for it: it is not asked for until there is. */
  setAside(problem: Refusal): void {
    this.tellLeave();
    this.joining.setAside(problem);
    this.events.onChange();
  }

  /** There is room for it again. */
  letIn(): void {
    this.joining.letIn();
  }

  /** Whether it takes a place among the joins of this session, or would. */
  get takesPlace(): boolean {
    return this.joining.takesPlace;
  }

  /** Asks to join as the mode says. It is called after each reconnect. */
  join(): void {
    this.joining.join();
  }

  /** Where its record stands; nothing before this connection knows. Where it is not joined, that cannot be known. */
  place(): Place | undefined {
    return this.joining.place();
  }

  /** Takes a frame of this conversation that answers no request. */
  receive(frame: ServerFrame | Entry): void {
    if ('seq' in frame && frame.type !== 'ack' && frame.type !== 'read') return this.entry(frame as Entry);
    const known = frame as ServerFrame;
    switch (known.type) {
      case 'last': return this.heard(known);
      case 'presence': return this.people.presence(known);
      case 'typing': return this.people.typing(known.user);
      case 'read': return this.read(known.user, known.seq);
      case 'left': return this.joining.left(known);
      case 'stream': this.growing.accept(known); return this.events.onChange();
    }
  }

  /** Asks for a page of older entries; one at a time. */
  loadOlder(): void {
    if (this.loadingOlder || !this.timeline.hasOlder || !this.joined) return;
    const { log, first } = this.timeline;
    this.loadingOlder = true;
    this.events.onChange();
    this.connection.request({ type: 'history', conversation: this.id, before: first, limit: pageSize }, (reply) => {
      this.loadingOlder = false;
      if (reply?.type === 'history' && this.timeline.log === log && this.timeline.prepend(reply.messages, reply.more)) {
        this.timeline.trimEnd(this.mostHeld);
      }
      this.events.onChange(true);
    });
  }

  /** Asks for a page of newer entries, where what is held does not reach the live end; one at a time. */
  loadNewer(): void {
    if (this.loadingNewer || this.timeline.live || !this.joined) return;
    const { log, end } = this.timeline;
    this.loadingNewer = true;
    this.events.onChange();
    this.connection.request({ type: 'history', conversation: this.id, after: end, limit: pageSize }, (reply) => {
      this.loadingNewer = false;
      if (reply?.type === 'history' && this.timeline.log === log && this.timeline.append(reply.messages)) this.timeline.trim(this.mostHeld);
      this.events.onChange(true);
    });
  }

  /** Holds the entries around a seq, and says whether that came to be. */
  async goTo(seq: Seq): Promise<boolean> {
    if (this.timeline.holds(seq)) return true;
    if (seq < 1 || seq > this.newest) return false;
    const { log } = this.timeline;
    const reply = await this.pageAround(seq);
    const moved = reply?.type === 'history' && this.timeline.log === log && this.timeline.moveTo(reply.messages);
    this.events.onChange(true);
    return moved && this.timeline.holds(seq);
  }

  /** Holds the live end, and what comes from now on. */
  goToEnd(): void {
    this.timeline.moveToEnd();
    this.events.onChange(true);
  }

  /**
   * The user has seen everything up to seq. Where it is not joined just now, the server is told as soon as it is. What
   * the server refuses, as a seq after the last one, is taken back, and told by `problem`; so is what is no seq.
   */
  markRead(seq: Seq): void {
    if (!isNumber(seq, 0)) {
      const reason = `a read mark is the seq of an entry, and not ${seq}`;
      return this.events.onProblem({ code: 'bad_request', reason });
    }
    if (this.mode === 'idle' || !this.mark.move(seq)) return;
    if (this.joined) this.tellRead();
    this.events.onChange();
  }

  /** Takes an error that has a ref and answers no request that is waited for; reports whether it is a mark's. */
  refusedMark(error: ErrorFrame): boolean {
    const seq = readRef.exec(error.ref ?? '')?.[1];
    if (seq === undefined) return false;
    if (isPassing(error)) {
      clearTimeout(this.readTimer);
      const seconds = error.retry_after ?? joinAgainAfter;
      this.readTimer = setTimeout(() => void (this.joined && this.tellRead()), seconds * 1000);
      return true;
    }
    this.mark.takeBack(Number(seq));
    this.events.onProblem(error);
    this.events.onChange();
    return true;
  }

  /** The user is typing. Called at each key, told now and then. */
  typing(): void {
    const now = Date.now();
    if (!this.joined || now - this.typedAt < typingEvery) return;
    this.typedAt = now;
    this.connection.request({ type: 'typing', conversation: this.id });
  }

  /** After a message was sent, the next key is news again. */
  typed(): void {
    this.typedAt = 0;
  }

  private pageAround(seq: Seq): Promise<ServerFrame | undefined> {
    const half = aroundSize / 2;
    const after = Math.max(0, Math.min(seq, this.newest - half) - half);
    return new Promise((resolve) => {
      const sent = this.connection.request({ type: 'history', conversation: this.id, after, before: after + aroundSize + 1, limit: aroundSize }, resolve);
      if (!sent) resolve(undefined);
    });
  }

  /** The connection is lost: nothing is joined until there is another. */
  disconnected(): void {
    const wasJoined = this.joined;
    this.joining.disconnected();
    clearTimeout(this.readTimer);
    this.people.disconnected();
    if (wasJoined) this.events.onChange();
  }

  private tellLeave(): void {
    const { asked } = this;
    this.disconnected();
    this.people.clear();
    if (asked) this.connection.request({ type: 'leave', conversation: this.id });
  }

  /** A join was accepted, and `newest` is still what it was before. */
  private accepted(joined: Joined): void {
    if (this.markLog !== undefined && joined.log !== this.markLog) this.forgetRead();
    this.markLog = undefined;
    if (joined.last !== this.newest) this.newestTime = undefined;
    this.lastAtJoin = joined.last;
    if (this.mark.join(joined.read, joined.last)) this.tellRead();
    if (this.mode !== 'open') return;
    this.growing.clear();
    this.people.join(joined);
  }

  private tellRead(): void {
    const seq = this.mark.tell();
    this.connection.request({ type: 'read', conversation: this.id, seq, ref: `read:${seq}` });
  }

  /** The record was replaced: nothing of the old one stays, and it is told. */
  private forget(): void {
    this.forgetRead();
    this.people.clear();
    this.drop();
    this.events.onReset();
  }

  /** Lets go of all that is held, and of what is known of its record. */
  private drop(): void {
    this.timeline.clear();
    this.growing.clear();
    this.joining.drop();
    this.newestTime = undefined;
  }

  private entry(entry: Entry): void {
    if (this.mode !== 'open' || !this.joined) return;
    const accepted = this.timeline.accept(entry);
    if (accepted === 'gap') return this.join(); // the server promises none; if it came to it, nothing is shown out of turn
    this.joining.took(entry, accepted === 'added');
    if (accepted === 'added' && entry.type === 'message') this.message(entry as Message);
    this.events.onChange(entry.seq === this.lastAtJoin);
  }

  /** A message of this client's came onto the record. */
  acked(ack: Ack): void {
    this.joining.acked(ack);
  }

  private message(message: Message): void {
    this.newestTime = message.time;
    this.growing.recorded(message);
    this.people.said(message.from);
    if (this.timeline.live && this.timeline.messages.length > this.mostHeld) this.letGo();
    this.events.onMessage(message);
  }

  private letGo(): void {
    if (this.heldBack) this.timeline.trimEnd(this.mostHeld);
    else this.timeline.trim(this.mostHeld / 2);
  }

  private heard(last: Last): void {
    this.joining.heard(last.last);
    this.newestTime = last.time ?? this.newestTime;
    this.events.onChange();
  }

  private read(user: string, seq: Seq): void {
    this.people.read(user, seq);
  }

  /** Another user is here now: how far the one before had read says nothing. */
  forgetRead(): void {
    this.mark.forget();
    this.markLog = undefined;
    clearTimeout(this.readTimer);
  }

  /** Another session of the same user has read on. */
  readElsewhere(seq: Seq): void {
    this.mark.elsewhere(seq);
    this.events.onChange();
  }
}
