// One conversation as this client knows it: joined again after each reconnect, exactly where it was.
import type { Connection, Timer } from './connection.ts';
import { Growing } from './growing.ts';
import { People } from './people.ts';
import { Timeline } from './timeline.ts';
import type { Place } from './outbox.ts';
import type { Ack, Entry, ErrorFrame, Joined, Last, Left, Message, Request, Seq, ServerFrame } from './protocol.ts';

/** `open` gets every entry, `followed` only hears of the newest seq, `idle` is not joined. */
export type ConversationMode = 'open' | 'followed' | 'idle';

export interface ConversationEvents {
  onChange(awaited?: boolean): void;
  /** The record is another one now (removed, restored or wiped), and what was shown of the old one is gone. */
  onReset(): void;
  /** A join was answered, with yes or with no. */
  onAnswered(): void;
  onMessage(message: Message): void;
}

type JoinRequest = Extract<Request, { type: 'join' }>;

const pageSize = 50; // entries
const aroundSize = 60; // entries on both sides together of one that is gone to
const mostResumed = 1_000; // entries; what is opened again further behind than that is opened at its end
const joinAgainAfter = 2; // seconds, where the server does not say
const typingEvery = 3_000; // ms; the server passes on no more

export class Conversation {
  mode: ConversationMode = 'idle';
  joined = false;
  /** Why it cannot be joined, in the server's words. */
  problem: string | undefined;
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
  /** The user's own read mark. */
  readTo: Seq | undefined;
  loadingOlder = false;
  loadingNewer = false;
  /** Messages held at most; a program that runs for a year must not hold them all. Who scrolls holds those around. */
  mostHeld = 10_000;
  /** Whether somebody reads before the end: what is too much is let go there then, and not where they read. */
  heldBack = false;
  readonly timeline = new Timeline();
  readonly growing = new Growing();
  readonly people: People;
  private held: Entry | undefined; // the newest entry of the stream
  private doubted: Entry | undefined; // of an earlier connection; nothing says that the record has it still
  private proving = false; // it was asked for, and the answer is not there
  private refused = false; // the newest join was
  /** The newest entry of `log` whose sum was told: a record that does not have both is another one. */
  private receipt: { known: Seq; sum: string } | undefined;
  private attempt = 0; // tells the reply to the newest join from that to an older one
  private rejoinTimer: Timer;
  private typedAt = 0;

  constructor(readonly id: string, private readonly connection: Connection, private readonly events: ConversationEvents) {
    this.people = new People(() => events.onChange());
  }

  get unread(): number | undefined {
    return this.readTo === undefined ? undefined : Math.max(0, this.newest - this.readTo);
  }

  /** Joins, or joins in the other way; joins again where it was refused, or was sent away. */
  enter(mode: 'open' | 'followed'): void {
    if (mode === this.mode && this.problem === undefined) return;
    this.mode = mode;
    if (mode !== 'open') this.people.clear();
    this.join(this.newest - this.timeline.last > mostResumed);
  }

  leave(): void {
    if (this.mode === 'idle') return;
    this.mode = 'idle';
    this.disconnected();
    this.people.clear();
    this.connection.request({ type: 'leave', conversation: this.id });
    this.events.onChange();
  }

  /** Asks to join as the mode says, from where it was unless `anew`. It is called at each change of mode, and after each reconnect. */
  join(anew = false): void {
    const resumed = !anew && this.canResume();
    const attempt = ++this.attempt;
    clearTimeout(this.rejoinTimer);
    this.joined = this.refused = this.proving = false;
    const request = this.joinRequest(resumed);
    this.connection.request(request, (reply) => {
      if (attempt === this.attempt) this.answered(reply, request);
    });
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

  /** The user has seen everything up to seq. Where it is not joined just now, the server is told as soon as it is. */
  markRead(seq: Seq): void {
    if (this.mode === 'idle' || seq <= (this.readTo ?? 0)) return;
    this.readTo = seq;
    if (this.joined) this.tellRead();
    this.events.onChange();
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
    this.joined = this.proving = false;
    this.attempt++;
    this.doubted ??= this.unproven();
    clearTimeout(this.rejoinTimer);
    this.people.disconnected();
  }

  /** A seq means something together with its log alone. */
  private canResume(): boolean {
    return this.mode === 'open' && this.timeline.log !== undefined;
  }

  /** Who only follows says as well which record is meant: what was held when it was open shall be of the same. */
  private joinRequest(resumed: boolean): JoinRequest {
    const request = { type: 'join', conversation: this.id } as const;
    const record = { ...(this.log !== undefined && { log: this.log }), ...this.receipt };
    if (this.mode === 'followed') return { ...request, messages: false, ...record };
    return resumed ? { ...request, after: this.timeline.last, ...record } : request;
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
    this.problem = undefined;
    this.passing = false;
    this.log = joined.log;
    this.learnSum(joined.last, joined.sum);
    if (joined.last !== this.newest) this.newestTime = undefined;
    this.newest = this.lastAtJoin = joined.last;
    this.catchUpRead(joined);
    if (this.mode === 'open') {
      this.timeline.join(joined, resumed);
      this.growing.clear();
      this.people.join(joined);
    }
    this.events.onAnswered();
    this.events.onChange();
  }

  /** What was read while it was not joined, or was told to a server that crashed, is told now. */
  private catchUpRead({ read, last }: Joined): void {
    const seen = Math.min(this.readTo ?? 0, last);
    this.readTo = read;
    if (seen <= (read ?? 0)) return;
    this.readTo = seen;
    this.tellRead();
  }

  private tellRead(): void {
    this.connection.request({ type: 'read', conversation: this.id, seq: this.readTo! });
  }

  private declined(error: ErrorFrame, { after, log }: JoinRequest): void {
    if (error.code === 'reset' ? log !== undefined : error.code === 'bad_request' && after !== undefined) {
      this.startAnew(); // another record; or a log that ends before `after`, which no server that kept its promise has
      return;
    }
    this.problem = error.reason;
    this.refused = true;
    this.passing = error.code === 'unavailable' || error.code === 'rate_limited';
    if (this.passing) {
      this.rejoinTimer = setTimeout(() => this.join(), (error.retry_after ?? joinAgainAfter) * 1000);
    }
    this.events.onAnswered();
    this.events.onChange();
  }

  private startAnew(): void {
    this.forget();
    this.join();
  }

  /** The record was replaced: nothing of the old one stays, and it is said aloud. */
  private forget(): void {
    this.timeline.clear();
    this.growing.clear();
    this.people.clear();
    this.log = this.readTo = this.receipt = this.held = this.doubted = undefined;
    this.newest = 0;
    this.newestTime = undefined;
    this.events.onReset();
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
    this.readTo = undefined;
  }

  /** Another session of the same user has read on. */
  readElsewhere(seq: Seq): void {
    this.readTo = Math.max(this.readTo ?? 0, seq);
    this.events.onChange();
  }

  private left(left: Left): void {
    if (left.reason === undefined) return;
    this.joined = false;
    this.refused = true;
    this.passing = false;
    this.problem = left.reason;
    this.events.onAnswered();
    this.events.onChange();
  }
}

/** Whether two entries with the same seq are one: by what stays of an entry, whatever becomes of its words. */
function isSame(one: Entry, other: Entry): boolean {
  const [a, b] = [one as Partial<Message>, other as Partial<Message>];
  return a.time === b.time && a.from === b.from && a.id === b.id;
}
