// How messages stand in the log: what begins a day, what follows on from the same author, where the unread ones begin,
// and who has read how far.
import type { GrowingMessage, Message, OutboxItem, Seq } from '@verbatim/client';

export interface Row {
  message: Message;
  /** Whether a line with the day stands before it. */
  newDay: boolean;
  /** Whether it follows on from the message before it, so that the author need not be named again. */
  follows: boolean;
  /** Whether it is the last of those that stand together: the time stands there once for all of them. */
  ends: boolean;
  /** Whether the line "New" stands before it. */
  firstUnread: boolean;
}

/** What stands in the log, each under a key that stays its own. */
export type Item =
  | { key: string; kind: 'message'; row: Row }
  | { key: string; kind: 'growing'; growing: GrowingMessage }
  | { key: string; kind: 'pending'; pending: OutboxItem };

const together = 5 * 60_000; // ms between messages of one author that stand together

/** Makes the rows; `readTo` is how far the reader had read on coming here. */
export function rowsOf(messages: Message[], isOwn: (message: Message) => boolean, readTo: number | undefined): Row[] {
  // where the first is not held, no line can be right
  let unreadSeen = readTo === undefined || (messages[0]?.seq ?? 0) > readTo + 1;
  const rows = messages.map((message, index): Row => {
    const before = messages[index - 1];
    const newDay = !before || when(before).day !== when(message).day;
    const firstUnread = !unreadSeen && message.seq > readTo! && !isOwn(message);
    unreadSeen ||= firstUnread;
    return {
      message,
      newDay,
      firstUnread,
      follows: !newDay && !firstUnread && goTogether(before, message),
      ends: true,
    };
  });
  for (const [index, row] of rows.entries()) row.ends = rows[index + 1]?.follows !== true;
  return rows;
}

/** One's own message keeps its key while it goes from the outbox onto the record. */
export function keyOf(user: string, from: string, id: string | undefined, seq: Seq): string {
  return from === user && id !== undefined ? `own ${id}` : `seq ${seq}`;
}

/** Who has read up to each message and no further, oneself and its author left out; by seq. */
export function readersOf(
  messages: Message[],
  reads: Record<string, Seq>,
  isMe: (name: string) => boolean,
): Map<Seq, string[]> {
  const readers = new Map<Seq, string[]>();
  for (const name of Object.keys(reads).sort()) {
    const message = newestUpTo(messages, reads[name]!);
    if (!message || isMe(name) || name === message.from) continue;
    readers.set(message.seq, [...(readers.get(message.seq) ?? []), name]);
  }
  return readers;
}

function newestUpTo(messages: Message[], seq: Seq): Message | undefined {
  let [low, high] = [0, messages.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (messages[middle]!.seq <= seq) low = middle + 1;
    else high = middle;
  }
  return messages[low - 1];
}

function goTogether(before: Message | undefined, message: Message): boolean {
  return before?.from === message.from && message.target === undefined && when(message).at - when(before).at < together;
}

// A row is made again with each change of the log, and its date only once.
const times = new WeakMap<Message, { at: number; day: string }>();

function when(message: Message): { at: number; day: string } {
  let time = times.get(message);
  if (!time) {
    const date = new Date(message.time);
    times.set(message, (time = { at: date.getTime(), day: date.toDateString() }));
  }
  return time;
}
