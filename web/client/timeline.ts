// The part of one conversation's record that this client holds: an unbroken run of seqs, each entry exactly once.
import type { Entry, Joined, Message, Seq } from './protocol.ts';

/** What became of an entry: it was next, it had been there, or something before it is missing. */
export type Accepted = 'added' | 'known' | 'gap';

export class Timeline {
  /** The record that the seqs belong to; unknown while the conversation has no entry. */
  log: string | undefined;
  /** The messages held, by ascending seq. Entries of unknown types are counted and not kept. */
  messages: Message[] = [];
  /** The seq of the oldest entry held (one more than `last` where none is). */
  first: Seq = 1;
  /** The seq of the newest entry held. */
  last: Seq = 0;
  /** Whether the record may have entries before `first`. */
  hasOlder = false;

  /**
   * Takes the reply to a join. A resumed one goes on after `last`; any other starts anew at its `first`.
   * Where retention has taken what was to come next, the record itself begins later, and so does the timeline.
   */
  join(joined: Joined, resumed: boolean): void {
    if (!resumed || joined.first > this.last + 1) {
      this.messages = [];
      this.first = joined.first;
      this.last = joined.first - 1;
      this.hasOlder = joined.first > 1;
    }
    this.log = joined.log || undefined;
  }

  /** Takes the next entry of the stream; anything but the next one changes nothing. */
  accept(entry: Entry): Accepted {
    if (entry.seq <= this.last) return 'known';
    if (entry.seq > this.last + 1) return 'gap';
    this.last = entry.seq;
    if (isMessage(entry)) this.messages.push(entry);
    return 'added';
  }

  /** Puts an older page before what is held, where it ends exactly there and is whole; else changes nothing. */
  prepend(page: Entry[], more: boolean): boolean {
    const oldest = page[0];
    if (!oldest) {
      this.hasOlder = false;
      return true;
    }
    if (!page.every((entry, index) => entry.seq === this.first - page.length + index)) return false;
    this.messages = [...page.filter(isMessage), ...this.messages];
    this.first = oldest.seq;
    this.hasOlder = more && oldest.seq > 1;
    return true;
  }

  /** Lets go of the oldest messages, so that a page left open for a week stays light; they can be had again. */
  trim(keep: number): void {
    if (this.messages.length <= keep) return;
    this.messages = this.messages.slice(-keep);
    this.first = this.messages[0]!.seq;
    this.hasOlder = true;
  }

  clear(): void {
    this.log = undefined;
    this.messages = [];
    this.first = 1;
    this.last = 0;
    this.hasOlder = false;
  }
}

function isMessage(entry: Entry): entry is Message {
  return entry.type === 'message';
}
