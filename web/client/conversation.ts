// One conversation as this client knows it: joined again after each reconnect, exactly where it was.
import type { Connection, Timer } from './connection.ts';
import { Growing } from './growing.ts';
import { conversationProblem, type Refusal } from './limits.ts';
import type { Place } from './outbox.ts';
import { People } from './people.ts';
import type { Position } from './position.ts';
import { ReadMark } from './read-mark.ts';
import { Timeline } from './timeline.ts';
import type { Ack, Entry, ErrorFrame, Joined, Last, Left, Message, Request, Seq, ServerFrame } from './protocol.ts';

/** `open` gets every entry, `followed` only hears of the newest seq, `idle` is not joined. */
export type ConversationMode = 'open' | 'followed' | 'idle';

export interface ConversationEvents {
  onChange(awaited?: boolean): void;
  /** The record is another one now (removed, restored or wiped), and what was shown of the old one is gone. */
  onReset(): void;
  /** It is to be joined, in another way than before: whether there is room for it is to be decided. */
  onWanted(): void;
  /** A join was answered, with yes or with no. */
  onAnswered(): void;
  /** The server has no room for this join. */
  onNoRoom(reason: string): void;
  /** The server refused something that nobody waits for. */
  onProblem(problem: Refusal): void;
  onMessage(message: Message): void;
}

type JoinRequest = Extract<Request, { type: 'join' }>;

const pageSize = 50; // entries
const aroundSize = 60; // entries on both sides together of one that is gone to
const mostResumed = 1_000; // entries; what is opened again further behind than that is opened at its end
const joinAgainAfter = 2; // seconds, where the server does not say
const typingEvery = 3_000; // ms; the server passes on no more
const readRef = /^read:(\d+)$/; // what a mark is told with: only a refusal is answered

export class Conversation {
  mode: ConversationMode = 'idle';
  joined = false;
  /** Why it cannot be joined, in the server's words. */
  problem: string | undefined;
  /** The server's code for that. */
  code: string | undefined;
  /** Whether that may pass: it is tried again without anybody's doing. */
  passing = false;
  /** The record that the newest join found; unknown while there is no entry. */
  log: string | undefined;
  /** The newest seq of it that is known of, held or only heard of. */
  newest: Seq = 0;
  /** When that was written, where it came while this client looked (RFC 3339). */
  newestTime: string | undefined;
  /** What was its newest when it was joined last: anything after it is live. */
  lastAtJoin: Seq = 0;
  /**
   * Whether it is left out for want of room: a session joins no more than `limits.joins`. It is joined as soon as there
   * is room.
   */
  aside = false;
  /** Whether this connection was asked to join it. */
  asked = false;
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
  private start: { after?: Position; limit?: number } = {}; // where the owner wants it begun
  private began: Seq | undefined; // the seq after which the first join of this log began
  private begun = false; // an open join was accepted: another one goes on after the timeline's last
  private held: Entry | undefined; // the newest entry of the stream
  private doubted: Entry | undefined; // of an earlier connection; nothing says that the record has it still
  private proving = false; // it was asked for, and the answer is not there
  private refused = false; // the newest join was
  /** The newest entry of `log` whose sum was told: a record that does not have both is another one. */
  private receipt: { known: Seq; sum: string } | undefined;
  private attempt = 0; // tells the reply to the newest join from that to an older one
  private rejoinTimer: Timer;
  private readTimer: Timer;
  private typedAt = 0;

  constructor(readonly id: string, private readonly connection: Connection, private readonly events: ConversationEvents) {
    this.people = new People(() => events.onChange());
  }

  /** The user's own read mark; nothing where there is none, or before it was joined. */
  get readTo(): Seq | undefined {
    return this.mark.seq;
  }

  /** How many entries the user has not read: all of them, for who has no mark. Not known before it was joined. */
  get unread(): number | undefined {
    return this.began === undefined ? undefined : Math.max(0, this.newest - (this.readTo ?? 0));
  }

  /** Whether a join goes on where it was, or where it was told to begin. */
  get opened(): boolean {
    return this.begun || this.start.after !== undefined;
  }

  /**
   * Where this client stands, to be kept by a program and handed back to `join` as `after`; nothing while that is not
   * known.
   */
  get position(): Position | undefined {
    if (this.began === undefined) return this.start.after;
    const seq = this.begun ? this.timeline.last : this.newest; // who only followed was told of no entry
    return { seq, ...(this.log !== undefined && { log: this.log }), ...this.receipt };
  }

  /** Joins, or joins in the other way; joins again where it was refused, or was sent away. */
  enter(mode: 'open' | 'followed'): void {
    if (mode === this.mode && this.problem === undefined) return;
    this.mode = mode;
    if (mode !== 'open') this.people.clear();
    this.joinWhereThereIsRoom(this.begun && this.newest - this.timeline.last > mostResumed);
  }

  /** Joins with the entries from where the owner says; what is joined already is joined anew. */
  enterFrom(start: { after?: Position; limit?: number }): void {
    this.start = start;
    this.mode = 'open';
    this.drop();
    this.joinWhereThereIsRoom();
    this.events.onChange();
  }

  leave(): void {
    if (this.mode === 'idle') return;
    this.mode = 'idle';
    this.start = {};
    this.aside = false;
    this.tellLeave();
    this.events.onWanted();
    this.events.onChange();
  }

  /** There is no room for it: it is not asked for until there is. */
  setAside(problem: Refusal): void {
    this.tellLeave();
    this.aside = true;
    this.fails(problem);
    this.events.onChange();
  }

  /** There is room for it again. */
  letIn(): void {
    this.aside = false;
    this.join();
  }

  /** Whether it takes a place among the joins of this session, or would. */
  get takesPlace(): boolean {
    return this.mode !== 'idle' && (this.aside || !this.refused || this.passing);
  }

  /** Asks to join as the mode says, from where it was unless `anew`. It is called at each change of mode, and after each reconnect. */
  join(anew = false): void {
    if (this.aside) return;
    const impossible = conversationProblem(this.id);
    if (impossible) {
      this.fails(impossible);
      return this.events.onChange();
    }
    const resumed = !anew && this.canResume();
    const attempt = ++this.attempt;
    clearTimeout(this.rejoinTimer);
    this.joined = this.refused = this.proving = false;
    this.asked = true;
    const request = this.joinRequest(resumed);
    const sent = this.connection.request(request, (reply) => {
      if (attempt === this.attempt) this.answered(reply, request);
    });
    if (!sent) this.asked = false; // it is asked for with the welcome
    if (this.doubted && request.log !== undefined && attempt === this.attempt) this.prove(this.doubted, attempt);
  }

  /** Where its record stands; nothing before this connection knows. Where it is not joined, that cannot be known. */
  place(): Place | undefined {
    if (this.proving) return undefined;
    if (this.joined) return { known: true, log: this.log, last: this.newest };
    return this.mode === 'idle' || this.refused ? { known: false } : undefined;
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
      case 'left': return this.left(known);
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
   * the server refuses, as a seq after the last one, is taken back, and told by `problem`.
   */
  markRead(seq: Seq): void {
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
    this.joined = this.asked = this.proving = false;
    this.attempt++;
    this.doubted ??= this.unproven();
    clearTimeout(this.rejoinTimer);
    clearTimeout(this.readTimer);
    this.people.disconnected();
    if (wasJoined) this.events.onChange();
  }

  /** Where there is room again that joins it, and where there is none it is left out. */
  private joinWhereThereIsRoom(anew = false): void {
    const { aside } = this;
    this.events.onWanted();
    if (!aside) this.join(anew);
  }

  private tellLeave(): void {
    const { asked } = this;
    this.disconnected();
    this.people.clear();
    if (asked) this.connection.request({ type: 'leave', conversation: this.id });
  }

  /**
   * Whether it is gone on with where it was. A seq means something together with its log; of one that was empty, all is
   * new.
   */
  private canResume(): boolean {
    return this.mode === 'open' && this.opened;
  }

  /** Who only follows says as well which record is meant: what was held when it was open shall be of the same. */
  private joinRequest(resumed: boolean): JoinRequest {
    const request = { type: 'join', conversation: this.id } as const;
    const record = { ...(this.log !== undefined && { log: this.log }), ...this.receipt };
    if (this.mode === 'followed') return { ...request, messages: false, ...record };
    const { after, limit } = this.start;
    if (!resumed) return { ...request, ...(limit !== undefined && { limit }) };
    if (!this.begun) {
      const { seq, ...place } = after!;
      return { ...request, after: seq, ...place };
    }
    return { ...request, after: this.timeline.last, ...record };
  }

  /** The newest entry, where no sum was told of it or of a later one: so it is with who only reads. */
  private unproven(): Entry | undefined {
    return this.held && this.held.seq > (this.receipt?.known ?? 0) ? this.held : undefined;
  }

  /**
   * Asks for an entry again. Where another one stands there now, an older copy of the record was put back and has gone
   * another way. Until that is settled nothing is sent, and where it is not (the connection is lost once more), the next
   * join asks again.
   */
  private prove(held: Entry, attempt: number): void {
    const { id: conversation } = this;
    this.proving = true;
    this.connection.request({ type: 'history', conversation, after: held.seq - 1, before: held.seq + 1, limit: 1 }, (reply) => {
      if (attempt !== this.attempt) return;
      const now = reply?.type === 'history' && reply.messages[0];
      if (now && !isSame(now, held)) return this.startAnew();
      this.proving = false;
      if (now) this.doubted = undefined;
      this.events.onAnswered();
    });
  }

  private answered(reply: ServerFrame | undefined, request: JoinRequest): void {
    if (reply?.type === 'joined') this.accepted(reply, request.after !== undefined);
    else if (reply?.type === 'error') this.declined(reply, request);
  }

  private accepted(joined: Joined, resumed: boolean): void {
    if (this.log !== undefined && joined.log !== this.log) this.forget();
    this.joined = true;
    this.problem = this.code = undefined;
    this.passing = false;
    this.log = joined.log;
    this.learnSum(joined.last, joined.sum);
    if (joined.last !== this.newest) this.newestTime = undefined;
    this.newest = this.lastAtJoin = joined.last;
    this.began ??= joined.first - 1;
    if (this.mark.join(joined.read, joined.last)) this.tellRead();
    if (this.mode === 'open') {
      this.timeline.join(joined, resumed && this.begun);
      this.begun = true;
      this.growing.clear();
      this.people.join(joined);
    }
    this.events.onAnswered();
    this.events.onChange();
  }

  private tellRead(): void {
    const seq = this.mark.tell();
    this.connection.request({ type: 'read', conversation: this.id, seq, ref: `read:${seq}` });
  }

  private declined(error: ErrorFrame, { after, log }: JoinRequest): void {
    if (error.code === 'reset' ? log !== undefined : error.code === 'bad_request' && after !== undefined) {
      this.startAnew(); // another record; or a log that ends before `after`, which no server that kept its promise has
      return;
    }
    this.fails(error);
    this.passing = isPassing(error);
    this.asked = false;
    if (this.passing) {
      this.rejoinTimer = setTimeout(() => this.join(), (error.retry_after ?? joinAgainAfter) * 1000);
    }
    if (error.code === 'rate_limited' && !this.passing) this.events.onNoRoom(error.reason);
    this.events.onAnswered();
    this.events.onChange();
  }

  private fails({ code, reason }: Refusal): void {
    this.problem = reason;
    this.code = code;
    this.refused = true;
    this.passing = false;
  }

  private startAnew(): void {
    this.forget();
    this.join();
  }

  /** The record was replaced: nothing of the old one stays, and it is told. */
  private forget(): void {
    delete this.start.after;
    this.mark.forget();
    this.people.clear();
    this.drop();
    this.events.onReset();
  }

  /** Lets go of all that is held, and of what is known of its record. */
  private drop(): void {
    this.timeline.clear();
    this.growing.clear();
    this.log = this.receipt = this.held = this.doubted = this.began = undefined;
    this.begun = false;
    this.newest = 0;
    this.newestTime = undefined;
  }

  private entry(entry: Entry): void {
    if (this.mode !== 'open' || !this.joined) return;
    const accepted = this.timeline.accept(entry);
    if (accepted === 'gap') return this.join(); // the server promises none; if it came to it, nothing is shown out of turn
    this.newest = Math.max(this.newest, entry.seq);
    this.learnLog(entry.log);
    if (accepted === 'added') this.held = entry;
    if (accepted === 'added' && entry.type === 'message') this.message(entry as Message);
    this.events.onChange(entry.seq === this.lastAtJoin);
  }

  /** A message of this client's came onto the record. Before the join is answered that may be another one. */
  acked(ack: Ack): void {
    if (!this.joined) return;
    this.learnLog(ack.log);
    this.learnSum(ack.seq, ack.sum);
  }

  /** The first entry made the log: a resume needs its name. */
  private learnLog(log: string | undefined): void {
    if (log === undefined || this.log !== undefined) return;
    this.log = log;
    if (this.mode === 'open') this.timeline.log = log;
  }

  private learnSum(known: Seq, sum: string | undefined): void {
    if (sum !== undefined && known > (this.receipt?.known ?? 0)) this.receipt = { known, sum };
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
    this.newest = Math.max(this.newest, last.last);
    this.newestTime = last.time ?? this.newestTime;
    this.events.onChange();
  }

  private read(user: string, seq: Seq): void {
    this.people.read(user, seq);
  }

  /** Another user is here now: how far the one before had read says nothing. */
  forgetRead(): void {
    this.mark.forget();
  }

  /** Another session of the same user has read on. */
  readElsewhere(seq: Seq): void {
    this.mark.elsewhere(seq);
    this.events.onChange();
  }

  private left(left: Left): void {
    if (left.reason === undefined) return;
    this.joined = this.asked = false;
    this.fails({ code: left.code ?? 'forbidden', reason: left.reason });
    this.events.onAnswered();
    this.events.onChange();
  }
}

/** Whether two entries with the same seq are one: by what stays of an entry, whatever becomes of its words. */
function isSame(one: Entry, other: Entry): boolean {
  const [a, b] = [one as Partial<Message>, other as Partial<Message>];
  return a.time === b.time && a.from === b.from && a.id === b.id;
}

/**
 * Whether an error may be gone in a while. A join that there is no room for has no end to wait for: something is to be
 * left first.
 */
function isPassing({ code, retry_after }: ErrorFrame): boolean {
  return code === 'unavailable' || (code === 'rate_limited' && retry_after !== undefined);
}
