// One conversation as this client knows it: what is held of its record, who is there, and how far one has read.

import { Growing } from './growing.ts';
import { type ConversationMode, Joining, type JoiningEvents, joinAgainAfter, type Start } from './joining.ts';
import { isPassing, type Refusal, seqProblem } from './limits.ts';
import type { PageConnection, Timer } from './page-connection.ts';
import { People } from './people.ts';
import type { Entry, ErrorFrame, HistoryPage, Joined, Last, Message, Seq, ServerFrame } from './protocol.ts';
import { ReadMark } from './read-mark.ts';

export type { ConversationMode } from './joining.ts';

export interface ConversationEvents extends JoiningEvents {
  /** The record is another one now (removed, restored or wiped), and what was shown of the old one is gone. */
  onReset(): void;
  /** The server refused something that nobody waits for. */
  onProblem(problem: Refusal): void;
  onMessage(message: Message): void;
}

type Range = { before?: Seq; after?: Seq; limit: number };

const pageSize = 50; // entries
const aroundSize = 60; // entries on both sides together of one that is gone to
const typingEvery = 3_000; // ms; the server passes on no more
const readRef = /^read:(.*)$/; // what a mark is told with: only a refusal is answered

export class Conversation extends Joining {
  declare readonly mode: ConversationMode;
  declare readonly joined: boolean;
  /** Why it cannot be joined, in the server's words. */
  declare readonly problem: string | undefined;
  /** The server's code for that. */
  declare readonly code: string | undefined;
  /** Whether that may pass: it is tried again without anybody's doing. */
  declare readonly passing: boolean;
  /** The record that the newest join found; unknown while there is no entry. */
  declare readonly log: string | undefined;
  /** The newest seq of it that is known of, held or only heard of. */
  declare readonly newest: Seq;
  /**
   * Whether it is left out for want of room: a session joins no more than `limits.joins`. It is joined as soon as there
   * is room.
   */
  declare readonly aside: boolean;
  /** Whether this connection was asked to join it. */
  declare readonly asked: boolean;
  declare protected readonly events: ConversationEvents;
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
  readonly growing = new Growing();
  readonly people: People;
  private readonly mark = new ReadMark();
  private markLog: string | undefined; // what the mark is of, where the record is asked for as if nothing were known
  private readTimer: Timer;
  private typedAt = 0;

  constructor(id: string, connection: PageConnection, events: ConversationEvents) {
    super(id, connection, events);
    this.people = new People(() => events.onChange());
  }

  /** The user's own read mark; nothing where there is none, or before it was joined. */
  get readTo(): Seq | undefined {
    return this.mark.seq;
  }

  /** How many entries the user has not read: all of them, for who has no mark. Not known before it was joined. */
  get unread(): number | undefined {
    return this.known ? Math.max(0, this.newest - (this.readTo ?? 0)) : undefined;
  }

  /** Joins, or joins in the other way; joins again where it was refused, or was sent away. */
  override enter(mode: 'open' | 'followed'): void {
    if (mode === this.mode && this.problem === undefined) return;
    if (mode !== 'open') this.people.clear();
    super.enter(mode);
  }

  /** Joins with the entries from where the owner says; what is joined already is joined anew. */
  override enterFrom(start: Start): void {
    this.markLog = this.log ?? this.markLog;
    this.drop();
    super.enterFrom(start);
    this.events.onChange();
  }

  override leave(): void {
    if (this.mode === 'idle') return;
    super.leave();
    this.tellLeave();
    this.events.onAnswered(); // what waits for a join waits no more
    this.events.onChange();
  }

  /** There is no room for it: it is not asked for until there is. */
  override setAside(problem: Refusal): void {
    this.tellLeave();
    super.setAside(problem);
    this.events.onChange();
  }

  /** Takes a frame of this conversation that answers no request. */
  receive(frame: ServerFrame | Entry): void {
    if ('seq' in frame && frame.type !== 'ack' && frame.type !== 'read') return this.entry(frame as Entry);
    const known = frame as ServerFrame;
    switch (known.type) {
      case 'last':
        return this.hearOf(known);
      case 'presence':
        return this.people.presence(known);
      case 'typing':
        return this.people.typing(known.user);
      case 'read':
        return this.people.read(known.user, known.seq);
      case 'left':
        return this.left(known);
      case 'stream':
        this.growing.accept(known);
        return this.events.onChange();
    }
  }

  /** Asks for a page of older entries; one at a time. */
  loadOlder(): void {
    if (this.loadingOlder || !this.timeline.hasOlder || !this.joined) return;
    this.loadingOlder = true;
    this.events.onChange();
    this.ask({ before: this.timeline.first, limit: pageSize }, (page) => {
      this.loadingOlder = false;
      if (page && this.timeline.prepend(page.messages, page.more)) this.timeline.trimEnd(this.mostHeld);
    });
  }

  /** Asks for a page of newer entries, where what is held does not reach the live end; one at a time. */
  loadNewer(): void {
    if (this.loadingNewer || this.timeline.live || !this.joined) return;
    this.loadingNewer = true;
    this.events.onChange();
    this.ask({ after: this.timeline.end, limit: pageSize }, (page) => {
      this.loadingNewer = false;
      if (page && this.timeline.append(page.messages)) this.timeline.trim(this.mostHeld);
    });
  }

  /** Holds the entries around a seq, and says whether that came to be. */
  async goTo(seq: Seq): Promise<boolean> {
    if (this.timeline.holds(seq)) return true;
    if (seq < 1 || seq > this.newest) return false;
    const half = aroundSize / 2;
    const after = Math.max(0, Math.min(seq, this.newest - half) - half);
    await new Promise<void>((resolve) =>
      this.ask({ after, before: after + aroundSize + 1, limit: aroundSize }, (page) => {
        if (page) this.timeline.moveTo(page.messages);
        resolve();
      }),
    );
    return this.timeline.holds(seq);
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
    const problem = seqProblem('a read mark', seq, 0);
    if (problem) return this.events.onProblem(problem);
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

  /**
   * Asks for a page of the record, and has it taken. Where there is no connection, or the record is another one
   * meanwhile, there is none to take.
   */
  private ask(range: Range, take: (page: HistoryPage | undefined) => void): void {
    const { log } = this.timeline;
    const answered = (reply?: ServerFrame) => {
      take(reply?.type === 'history' && this.timeline.log === log ? reply : undefined);
      this.events.onChange(true);
    };
    const sent = this.connection.request({ type: 'history', conversation: this.id, ...range }, answered);
    if (!sent) queueMicrotask(answered); // later: who hears of it may ask again, and is told that nothing is joined
  }

  /** The connection is lost: nothing is joined until there is another. */
  override disconnected(): void {
    const wasJoined = this.joined;
    super.disconnected();
    clearTimeout(this.readTimer);
    this.people.disconnected();
    if (wasJoined) this.events.onChange();
  }

  private tellLeave(): void {
    const { asked } = this;
    this.disconnected();
    this.people.clear();
    // Where the join is refused meanwhile, so is this: nobody needs to know.
    if (asked) this.connection.request({ type: 'leave', conversation: this.id }, () => {});
  }

  protected override takeIn(joined: Joined): void {
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

  protected override beginAnew(): void {
    this.forgetRead();
    this.people.clear();
    this.drop();
    this.events.onReset();
  }

  /** Lets go of all that is held, and of what is known of its record. */
  protected override drop(): void {
    this.timeline.clear();
    this.growing.clear();
    super.drop();
    this.newestTime = undefined;
  }

  private entry(entry: Entry): void {
    if (this.mode !== 'open' || !this.joined) return;
    const accepted = this.timeline.accept(entry);
    if (accepted === 'gap') return this.join(); // the server promises none; if it came to it, nothing is shown out of turn
    this.took(entry, accepted === 'added');
    if (accepted === 'added' && entry.type === 'message') this.message(entry as Message);
    this.events.onChange(entry.seq === this.lastAtJoin);
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

  private hearOf(last: Last): void {
    this.heard(last.last);
    this.newestTime = last.time ?? this.newestTime;
    this.events.onChange();
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
