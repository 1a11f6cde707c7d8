// One conversation: the entries that are held, the people who are present, and the read marks.

import { Growing } from './growing.ts';
import { type ConversationMode, Joining, type JoiningEvents, joinAgainAfter, type Start } from './joining.ts';
import { isPassing, type Refusal, seqProblem } from './limits.ts';
import type { PageConnection, Timer } from './page-connection.ts';
import { People } from './people.ts';
import type { Entry, ErrorFrame, HistoryPage, Joined, Last, Message, Seq, ServerFrame } from './protocol.ts';
import { ReadMark } from './read-mark.ts';

export type { ConversationMode } from './joining.ts';

/** What a conversation reports to the client that it belongs to. */
export interface ConversationEvents extends JoiningEvents {
  /** The record was replaced (removed, restored or wiped), and the entries of the old one are dropped. */
  onReset(): void;
  /** The server refused a request that nothing waits for. */
  onProblem(problem: Refusal): void;
  /** A message came, the next one in order. */
  onMessage(message: Message): void;
}

type Range = { before?: Seq; after?: Seq; limit: number };

const pageSize = 50; // entries
const aroundSize = 60; // entries around the target of goTo, both sides together
const typingEvery = 3_000; // ms; the server passes on one in this time
const readRef = /^read:(.*)$/; // the ref of a read request, which is answered only if it is refused

/**
 * One conversation as this client knows it. `Chat.conversation` returns it. It is always the same object for an id, and
 * changes in place: the `change` event tells when.
 */
export class Conversation extends Joining {
  /** How it is to be joined. */
  declare readonly mode: ConversationMode;
  /** Whether the server has accepted the join on this connection. */
  declare readonly joined: boolean;
  /** Why it cannot be joined, in a sentence for a person; undefined if nothing is wrong. */
  declare readonly problem: string | undefined;
  /** The error code of `problem`. */
  declare readonly code: string | undefined;
  /** Whether `problem` is temporary: the client tries again by itself. */
  declare readonly passing: boolean;
  /** The id of the log that the last join found; undefined while there is no entry. */
  declare readonly log: string | undefined;
  /** The newest seq that is known, whether that entry is held or not; 0 if none is. */
  declare readonly newest: Seq;
  /**
   * Whether it is not joined because the session already has `limits.joins` joins. It is joined once others are left.
   */
  declare readonly aside: boolean;
  /** Whether the join was requested on this connection. */
  declare readonly asked: boolean;
  declare protected readonly events: ConversationEvents;
  /** The time of the newest entry (RFC 3339), if it came while it was joined; otherwise undefined. */
  newestTime: string | undefined;
  /** The newest seq at the last join: entries after it are live. */
  lastAtJoin: Seq = 0;
  /** The mode that the application asked for. A component that shows the conversation may need more. */
  wish: ConversationMode = 'idle';
  /** The number of changes so far: if it is the same as before, nothing has changed. */
  revision = 0;
  /** Whether a page of older entries was requested and has not come. */
  loadingOlder = false;
  /** Whether a page of newer entries was requested and has not come. */
  loadingNewer = false;
  /** How many messages are held at most, so that a program can run for a year. */
  mostHeld = 10_000;
  /** Whether somebody reads away from the end. Messages over `mostHeld` are then dropped at the end. */
  heldBack = false;
  /** Messages of others that are being written. */
  readonly growing = new Growing();
  /** Who is present, who types, and how far each has read. */
  readonly people: People;
  private readonly mark = new ReadMark();
  private markLog: string | undefined; // the log of the read mark, while `log` is dropped for a new join
  private readTimer: Timer;
  private typedAt = 0;

  constructor(id: string, connection: PageConnection, events: ConversationEvents) {
    super(id, connection, events);
    this.people = new People(() => events.onChange());
  }

  /** The user's own read mark, or undefined if there is none or it was not joined yet. */
  get readTo(): Seq | undefined {
    return this.mark.seq;
  }

  /** How many entries the user has not read: all if there is no read mark; undefined before the first join. */
  get unread(): number | undefined {
    return this.known ? Math.max(0, this.newest - (this.readTo ?? 0)) : undefined;
  }

  /** Joins, or changes the mode of the join. Joins again if the join was refused, or the server ended it. */
  override enter(mode: 'open' | 'followed'): void {
    if (mode === this.mode && this.problem === undefined) return;
    if (mode !== 'open') this.people.clear();
    super.enter(mode);
  }

  /** Drops what is held, and joins from the start that the application asked for. */
  override enterFrom(start: Start): void {
    this.markLog = this.log ?? this.markLog;
    this.drop();
    super.enterFrom(start);
    this.events.onChange();
  }

  /** Leaves the conversation. What is held stays. */
  override leave(): void {
    if (this.mode === 'idle') return;
    super.leave();
    this.tellLeave();
    this.events.onAnswered(); // sends that wait for the join are sent now
    this.events.onChange();
  }

  /** The session may not join more: this one is not joined until others are left. */
  override setAside(problem: Refusal): void {
    this.tellLeave();
    super.setAside(problem);
    this.events.onChange();
  }

  /** Handles a frame of this conversation that is not a reply. */
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

  /** Requests a page of 50 older entries; does nothing if one is on its way, or there are none. */
  loadOlder(): void {
    if (this.loadingOlder || !this.timeline.hasOlder || !this.joined) return;
    this.loadingOlder = true;
    this.events.onChange();
    this.ask({ before: this.timeline.first, limit: pageSize }, (page) => {
      this.loadingOlder = false;
      if (page && this.timeline.prepend(page.messages, page.more)) this.timeline.trimEnd(this.mostHeld);
    });
  }

  /** Requests a page of 50 newer entries, if those held do not reach the live end; one at a time. */
  loadNewer(): void {
    if (this.loadingNewer || this.timeline.live || !this.joined) return;
    this.loadingNewer = true;
    this.events.onChange();
    this.ask({ after: this.timeline.end, limit: pageSize }, (page) => {
      this.loadingNewer = false;
      if (page && this.timeline.append(page.messages)) this.timeline.trim(this.mostHeld);
    });
  }

  /** Holds the entries around a seq in place of the present ones. Resolves with whether the entry `seq` is held now. */
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

  /** Holds the newest entries again, and those that come. */
  goToEnd(): void {
    this.timeline.moveToEnd();
    this.events.onChange(true);
  }

  /**
   * Moves the user's read mark forward to seq. If the conversation is not joined at the moment, the server is told
   * after the next join. If the server refuses the mark, as one after the last entry, it is taken back, and a `problem`
   * event says why. A value that is not a seq causes a `problem` too.
   */
  markRead(seq: Seq): void {
    const problem = seqProblem('a read mark', seq, 0);
    if (problem) return this.events.onProblem(problem);
    if (this.mode === 'idle' || !this.mark.move(seq)) return;
    if (this.joined) this.tellRead();
    this.events.onChange();
  }

  /** Handles an error if it refuses a read mark, and reports whether it did. */
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

  /** Reports that the user is typing. May be called at each key: it is sent every 3 s at most. */
  typing(): void {
    const now = Date.now();
    if (!this.joined || now - this.typedAt < typingEvery) return;
    this.typedAt = now;
    this.connection.request({ type: 'typing', conversation: this.id });
  }

  /** A message was sent: the next key is reported at once. */
  typed(): void {
    this.typedAt = 0;
  }

  /**
   * Requests a page of the record and passes it to `take`. Passes undefined if there is no connection, or the record
   * was replaced meanwhile.
   */
  private ask(range: Range, take: (page: HistoryPage | undefined) => void): void {
    const { log } = this.timeline;
    const answered = (reply?: ServerFrame) => {
      take(reply?.type === 'history' && this.timeline.log === log ? reply : undefined);
      this.events.onChange(true);
    };
    const sent = this.connection.request({ type: 'history', conversation: this.id, ...range }, answered);
    if (!sent) queueMicrotask(answered); // later: a listener may ask again
  }

  /** The connection was lost: nothing is joined until the next one. */
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
    // If the join is refused, so is this; the reply is ignored.
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

  /** Drops all entries, and what is known of the record. */
  protected override drop(): void {
    this.timeline.clear();
    this.growing.clear();
    super.drop();
    this.newestTime = undefined;
  }

  private entry(entry: Entry): void {
    if (this.mode !== 'open' || !this.joined) return;
    const accepted = this.timeline.accept(entry);
    if (accepted === 'gap') return this.join(); // a broken promise of the server; nothing is shown out of order
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

  /** Another user has connected: the read mark of the one before is dropped. */
  forgetRead(): void {
    this.mark.forget();
    this.markLog = undefined;
    clearTimeout(this.readTimer);
  }

  /** Another session of the same user has moved the read mark. */
  readElsewhere(seq: Seq): void {
    this.mark.elsewhere(seq);
    this.events.onChange();
  }
}
