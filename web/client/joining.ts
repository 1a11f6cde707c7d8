// How a conversation is joined: as what, from where, and after each lost connection exactly where it was. Here it is
// found out too where its record is not the one that it was.

import { defined } from './defined.ts';
import { conversationProblem, isPassing, type Refusal } from './limits.ts';
import type { Place } from './outbox.ts';
import type { PageConnection, Timer } from './page-connection.ts';
import type { Position } from './position.ts';
import type { Ack, Entry, ErrorFrame, Joined, Left, Message, Request, Seq, ServerFrame } from './protocol.ts';
import { Timeline } from './timeline.ts';

/** `open` gets every entry, `followed` only hears of the newest seq, `idle` is not joined. */
export type ConversationMode = 'open' | 'followed' | 'idle';

/** Where its owner wants a join to begin. */
export interface Start {
  after?: Position;
  limit?: number;
}

export interface JoiningEvents {
  /** Something is not as it was; `awaited` where somebody looks for it now. */
  onChange(awaited?: boolean): void;
  /** It is to be joined, in another way than before: whether there is room for it is to be decided. */
  onWanted(): void;
  /** A join was answered, with yes or with no; or nobody waits for its answer any more. */
  onAnswered(): void;
  /** The server has no room for this join. */
  onNoRoom(reason: string): void;
}

type JoinRequest = Extract<Request, { type: 'join' }>;
/** An entry, by what stays of it whatever becomes of its words. */
type Known = { seq: Seq; time?: string | undefined; id?: string | undefined };

const maxResumed = 1_000; // entries; what is opened again further behind than that is opened at its end
export const joinAgainAfter = 2; // seconds, where the server does not say

export abstract class Joining {
  mode: ConversationMode = 'idle';
  joined = false;
  problem: string | undefined;
  code: string | undefined;
  passing = false;
  log: string | undefined;
  newest: Seq = 0;
  aside = false;
  asked = false;
  readonly timeline = new Timeline();
  private start: Start = {};
  private began: Seq | undefined; // the seq after which the first join of this log began
  private begun = false; // an open join was accepted: another one goes on after the timeline's last
  private held: Known | undefined; // the newest entry of the stream
  private doubted: Known | undefined; // of an earlier connection or life; nothing says that the record has it still
  private proving = false; // it was asked for, and the answer is not there
  private refused = false; // the newest join was
  /** The newest entry of `log` whose sum was told: a record that does not have both is another one. */
  private receipt: { known: Seq; sum: string } | undefined;
  private attempt = 0; // tells the reply to the newest join from that to an older one
  private timer: Timer;

  constructor(
    readonly id: string,
    protected readonly connection: PageConnection,
    protected readonly events: JoiningEvents,
  ) {}

  /** A join was accepted, and is being taken in: `newest` is still what it was before. */
  protected abstract takeIn(joined: Joined): void;
  /** The record was replaced: nothing of the old one stays, and it is told. */
  protected abstract beginAnew(): void;

  /** Whether a join of this log was ever accepted. */
  protected get known(): boolean {
    return this.began !== undefined;
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
    const unproven = this.unproven();
    return defined({ ...(unproven?.seq === seq ? unproven : { seq }), log: this.log, ...this.receipt });
  }

  enter(mode: 'open' | 'followed'): void {
    this.mode = mode;
    this.joinWhereThereIsRoom(this.begun && this.newest - this.timeline.last > maxResumed);
  }

  /** Begins where its owner says; nothing may be held of it. */
  enterFrom(start: Start): void {
    this.start = start;
    this.mode = 'open';
    if (start.after?.time !== undefined) this.doubted = start.after;
    this.joinWhereThereIsRoom();
  }

  leave(): void {
    this.mode = 'idle';
    this.start = {};
    this.aside = false;
  }

  setAside(problem: Refusal): void {
    this.aside = true;
    this.fails(problem);
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

  /** Asks to join as the mode says, from where it was; or only from the newest on. So it is after each reconnect. */
  join(fromNewest = false): void {
    if (this.aside) return;
    const impossible = conversationProblem(this.id);
    if (impossible) {
      this.fails(impossible);
      return this.events.onChange();
    }
    const attempt = ++this.attempt;
    clearTimeout(this.timer);
    this.joined = this.refused = this.proving = false;
    this.asked = true;
    const request = this.request(!fromNewest && this.mode === 'open' && this.opened);
    const sent = this.connection.request(request, (reply) => {
      if (attempt === this.attempt) this.answered(reply, request);
    });
    if (!sent) this.asked = false; // it is asked for with the welcome
    if (this.doubted && goesOn(request) && attempt === this.attempt) this.prove(this.doubted, attempt);
  }

  /** Where its record stands; nothing before this connection knows. Where it is not joined, that cannot be known. */
  place(): Place | undefined {
    if (this.proving) return undefined;
    if (this.joined) return { known: true, log: this.log, last: this.newest };
    return this.mode === 'idle' || this.refused ? { known: false } : undefined;
  }

  disconnected(): void {
    this.joined = this.asked = this.proving = false;
    this.attempt++;
    this.doubted ??= this.unproven();
    clearTimeout(this.timer);
  }

  /** Forgets all that is known of the record. */
  protected drop(): void {
    this.log = this.receipt = this.held = this.doubted = this.began = undefined;
    this.begun = false;
    this.newest = 0;
  }

  /** There is an entry with this seq. */
  protected heard(seq: Seq): void {
    this.newest = Math.max(this.newest, seq);
  }

  /** An entry of the stream came, and is the next one unless it was known. */
  protected took(entry: Entry, next: boolean): void {
    this.heard(entry.seq);
    this.learnLog(entry.log);
    if (next) this.held = knownOf(entry);
  }

  /** A message of this client's came onto the record. Before the join is answered that may be another one. */
  acked(ack: Ack): void {
    if (!this.joined) return;
    this.learnLog(ack.log);
    this.learnSum(ack.seq, ack.sum);
  }

  /** It was left: as this client asked, or else for a reason that is told. */
  protected left({ code, reason }: Left): void {
    if (reason === undefined) return;
    this.joined = this.asked = false;
    this.fails({ code: code ?? 'forbidden', reason });
    this.events.onAnswered();
    this.events.onChange();
  }

  /** Where there is room again that joins it, and where there is none it is left out. */
  private joinWhereThereIsRoom(fromNewest = false): void {
    const { aside } = this;
    this.events.onWanted();
    if (!aside) this.join(fromNewest);
  }

  /**
   * A seq means something together with its log; of one that was empty, all is new. Who only follows says as well which
   * record is meant: what was held when it was open shall be of the same.
   */
  private request(resumed: boolean): JoinRequest {
    const request = { type: 'join', conversation: this.id } as const;
    const record = { log: this.log, ...this.receipt };
    if (this.mode === 'followed') return { ...request, messages: false, ...record };
    const { after, limit } = this.start;
    if (!resumed) return { ...request, limit };
    if (this.begun) return { ...request, after: this.timeline.last, ...record };
    const { seq, log, known, sum } = after!;
    return { ...request, after: seq, log, known, sum };
  }

  /** The newest entry, where no sum was told of it or of a later one: so it is with who only reads. */
  private unproven(): Known | undefined {
    return this.held && this.held.seq > (this.receipt?.known ?? 0) ? this.held : undefined;
  }

  /**
   * Asks for an entry again. Where another one stands there now, an older copy of the record was put back and has
   * gone another way. Until that is settled nothing is sent, and where it is not (the connection is lost once more),
   * the next join asks again.
   */
  private prove(held: Known, attempt: number): void {
    const { id: conversation } = this;
    const range = { after: held.seq - 1, before: held.seq + 1, limit: 1 };
    this.proving = true;
    this.connection.request({ type: 'history', conversation, ...range }, (reply) => {
      if (attempt !== this.attempt) return;
      const now = reply?.type === 'history' && reply.messages[0];
      if (now && !isSame(knownOf(now), held)) return this.startOver();
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
    if (this.log !== undefined && joined.log !== this.log && !this.forget()) return;
    this.joined = true;
    this.problem = this.code = undefined;
    this.passing = false;
    this.takeIn(joined);
    this.log = joined.log;
    this.learnSum(joined.last, joined.sum);
    this.newest = joined.last;
    this.began ??= joined.first - 1;
    if (this.mode === 'open') {
      this.timeline.join(joined, resumed && this.begun);
      this.begun = true;
    }
    this.events.onAnswered();
    this.events.onChange();
  }

  private declined(error: ErrorFrame, request: JoinRequest): void {
    // Another record; or one that ends before `after`, which no server that kept its promise has.
    if (error.code === 'reset' ? goesOn(request) : error.code === 'bad_request' && request.after !== undefined) {
      return this.startOver();
    }
    this.fails(error);
    this.passing = isPassing(error);
    this.asked = false;
    if (this.passing) this.timer = setTimeout(() => this.join(), (error.retry_after ?? joinAgainAfter) * 1000);
    else if (error.code === 'rate_limited') {
      this.aside = true;
      this.events.onNoRoom(error.reason);
    }
    this.events.onAnswered();
    this.events.onChange();
  }

  private fails({ code, reason }: Refusal): void {
    this.problem = reason;
    this.code = code;
    this.refused = true;
    this.passing = false;
  }

  private startOver(): void {
    if (this.forget()) this.join();
  }

  /** The record was replaced. Reports whether those who were told of that have left the join as it is. */
  private forget(): boolean {
    const { attempt } = this;
    delete this.start.after;
    this.beginAnew();
    return attempt === this.attempt;
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
}

/** Whether a join goes on in a record, and says which. */
function goesOn({ after, log, known }: JoinRequest): boolean {
  return after !== undefined || log !== undefined || known !== undefined;
}

function knownOf(entry: Entry): Known {
  const { seq, time, id } = entry as Entry & Partial<Message>;
  return { seq, time, id };
}

function isSame(one: Known, other: Known): boolean {
  return one.time === other.time && one.id === other.id;
}
