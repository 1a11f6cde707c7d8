// The part of one conversation's record that this client holds: an unbroken run of seqs, each entry exactly once. At
// the live end it grows with what comes. A reader far in the past has it slide away from there: what comes then is
// counted, and of it only the newest few are kept, so that the way back has no seam and needs no server.
import { type Entry, isMessage, type Joined, type Message, type Seq } from './protocol.ts';

/** What became of an entry: it was next, it had been there, or something before it is missing. */
export type Accepted = 'added' | 'known' | 'gap';

const tailLength = 100; // messages of the live end that are kept while what is held is elsewhere

export class Timeline {
  /** The record that the seqs belong to; unknown while the conversation has no entry. */
  log: string | undefined;
  /** The messages held, by ascending seq. Entries of unknown types are counted and not kept. */
  messages: Message[] = [];
  /** The seq of the oldest entry held (one more than `end` where none is). */
  first: Seq = 1;
  /** The seq of the newest entry held. */
  end: Seq = 0;
  /** The seq of the newest entry that has come, held or counted: where a resume goes on. */
  last: Seq = 0;
  /** Whether the record may have entries before `first`. */
  hasOlder = false;
  private tail: Message[] = []; // the newest that came, while `end` stands before `last`; some of them may be held too
  private tailFirst: Seq = 1; // from here to `last` the tail is whole

  /** Whether what is held reaches to the newest entry. */
  get live(): boolean {
    return this.end === this.last;
  }

  /** The newest message that has come, wherever the part that is held ends. */
  get newestMessage(): Message | undefined {
    return (this.live ? this.messages : this.tail).at(-1);
  }

  /** Whether an entry is in the part that is held. */
  holds(seq: Seq): boolean {
    return seq >= this.first && seq <= this.end;
  }

  /**
   * Takes the reply to a join. A resumed one goes on after `last`; any other starts anew at its `first`.
   * Where retention has taken what was to come next, the record itself begins later, and so does the timeline.
   */
  join(joined: Joined, resumed: boolean): void {
    if (!resumed || joined.first > this.last + 1) this.begin(joined.first);
    this.log = joined.log || undefined;
  }

  /** Takes the next entry of the stream; anything but the next one changes nothing. */
  accept(entry: Entry): Accepted {
    if (entry.seq <= this.last) return 'known';
    if (entry.seq > this.last + 1) return 'gap';
    if (this.live) {
      this.end = entry.seq;
      if (isMessage(entry)) this.messages.push(entry);
    } else if (isMessage(entry)) {
      this.tail.push(entry);
      if (this.tail.length > 2 * tailLength) this.cutTail();
    }
    this.last = entry.seq;
    return 'added';
  }

  /** Puts an older page before what is held, where it ends exactly there and is whole; else changes nothing. */
  prepend(page: Entry[], more: boolean): boolean {
    const oldest = page[0];
    if (!oldest) {
      this.hasOlder = false;
      return true;
    }
    if (!isRun(page, this.first - page.length)) return false;
    this.messages = [...page.filter(isMessage), ...this.messages];
    this.first = oldest.seq;
    this.hasOlder = more && oldest.seq > 1;
    return true;
  }

  /** Puts a newer page after what is held, where it begins exactly there and is whole; else changes nothing. */
  append(page: Entry[]): boolean {
    if (this.live || page.length === 0 || !isRun(page, this.end + 1)) return false;
    this.extend(page.filter((entry) => entry.seq <= this.last)); // what the stream has not brought yet, it will
    return true;
  }

  /**
   * Holds another part of the record in place of this one: a page of it that is whole, and not newer than what has
   * come.
   */
  moveTo(page: Entry[]): boolean {
    const known = page.filter((entry) => entry.seq <= this.last);
    const oldest = known[0];
    if (!oldest || !isRun(known, oldest.seq)) return false;
    this.keepTail();
    this.holdFrom(oldest.seq);
    this.extend(known);
    return true;
  }

  /** Holds the live end again, from what was kept of it. */
  moveToEnd(): void {
    if (this.live) return;
    this.messages = this.tail;
    this.first = this.tailFirst;
    this.end = this.last;
    this.hasOlder = this.first > 1;
    this.tail = [];
  }

  /** Lets go of the oldest messages, so that a page left open for a week stays light; they can be had again. */
  trim(keep: number): void {
    if (this.messages.length <= keep) return;
    this.messages = this.messages.slice(-keep);
    this.first = this.messages[0]!.seq;
    this.hasOlder = true;
  }

  /** Lets go of the newest messages, for a reader who is far before them; the live end stays within reach. */
  trimEnd(keep: number): void {
    if (this.messages.length <= keep) return;
    this.keepTail();
    this.messages = this.messages.slice(0, keep);
    this.end = this.messages.at(-1)!.seq;
  }

  /** The message held under a seq, in the window or at the live end. */
  find(seq: Seq): Message | undefined {
    return this.messages[placeOf(this.messages, seq)] ?? this.tail[placeOf(this.tail, seq)];
  }

  clear(): void {
    this.log = undefined;
    this.begin(1);
  }

  private begin(first: Seq): void {
    this.holdFrom(first);
    this.tail = [];
    this.last = this.end;
  }

  private holdFrom(first: Seq): void {
    this.messages = [];
    this.first = first;
    this.end = first - 1;
    this.hasOlder = first > 1;
  }

  /** Adds a run that begins after `end`; where that reaches the tail, all that follows is there. */
  private extend(run: Entry[]): void {
    const newest = run.at(-1);
    if (!newest) return;
    this.messages = [...this.messages, ...run.filter(isMessage)];
    this.end = newest.seq;
    if (this.live || this.end + 1 < this.tailFirst) return;
    this.messages.push(...this.tail.filter((message) => message.seq > this.end));
    this.end = this.last;
    this.tail = [];
  }

  /** Before what is held leaves the live end: keeps the newest of it. */
  private keepTail(): void {
    if (!this.live) return;
    this.tail = this.messages.slice(-tailLength);
    this.tailFirst = this.tail.length < this.messages.length ? this.tail[0]!.seq : this.first;
  }

  private cutTail(): void {
    this.tail = this.tail.slice(-tailLength);
    this.tailFirst = this.tail[0]!.seq;
  }
}

function isRun(entries: Entry[], first: Seq): boolean {
  return entries.every((entry, index) => entry.seq === first + index);
}

/** The index of a seq among ascending ones, or -1. */
function placeOf(messages: Message[], seq: Seq): number {
  let [low, high] = [0, messages.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = messages[middle]!.seq;
    if (found === seq) return middle;
    if (found < seq) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
