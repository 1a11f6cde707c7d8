// How messages stand in the log: what begins a day, what follows on from the same author, and where the unread ones begin.
import type { Message } from '@verbatim/client';
import { sameDay } from '../time.ts';

export interface Row {
  message: Message;
  /** Whether a line with the day stands before it. */
  newDay: boolean;
  /** Whether it follows on from the message before it, so that the author need not be named again. */
  follows: boolean;
  /** Whether the line "New" stands before it. */
  firstUnread: boolean;
}

const together = 5 * 60_000; // ms between messages of one author that stand together

/** Makes the rows; `readTo` is how far the reader had read on coming here. */
export function rowsOf(messages: Message[], user: string, readTo: number | undefined): Row[] {
  let unreadSeen = false;
  return messages.map((message, index) => {
    const before = messages[index - 1];
    const newDay = !before || !sameDay(new Date(before.time), new Date(message.time));
    const firstUnread = !unreadSeen && readTo !== undefined && message.seq > readTo && message.from !== user;
    unreadSeen ||= firstUnread;
    return { message, newDay, firstUnread, follows: !newDay && !firstUnread && goTogether(before, message) };
  });
}

function goTogether(before: Message | undefined, message: Message): boolean {
  return before?.from === message.from && Date.parse(message.time) - Date.parse(before.time) < together;
}
