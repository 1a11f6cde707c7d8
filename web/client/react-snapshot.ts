// A conversation as it is at one moment, for a component to draw: copies, which nothing changes later.
import type { Chat } from './chat.ts';
import type { Conversation } from './conversation.ts';
import type { GrowingMessage } from './growing.ts';
import type { OutboxItem } from './outbox-item.ts';
import type { Position } from './position.ts';
import type { Message, Seq } from './protocol.ts';

export interface ConversationSnapshot {
  /** The messages held, by ascending seq. */
  messages: readonly Message[];
  /** The user's own that are not among them yet: on their way, or failed. */
  unsettled: readonly OutboxItem[];
  /** Those of others that grow while they are written. */
  growing: readonly GrowingMessage[];
  joined: boolean;
  /** Why it cannot be joined, in the server's words, and the server's code. */
  problem: string | undefined;
  code: string | undefined;
  /** The newest seq that is known of, and how far the user has read. */
  newest: Seq;
  readTo: Seq | undefined;
  /** How many entries the user has not read; not known before it was joined. */
  unread: number | undefined;
  /** Where this client stands: to be kept, and handed back as `after`. */
  position: Position | undefined;
  /** Who is there, how many they are, who types, and how far each has read. */
  online: readonly string[];
  count: number;
  whoTypes: readonly string[];
  reads: Readonly<Record<string, Seq>>;
  /** Whether there are entries before those held; and whether those held reach the live end. */
  hasOlder: boolean;
  live: boolean;
  loadingOlder: boolean;
  loadingNewer: boolean;
}

/** What there is before anything is known, and while a server renders. */
export const nothing: ConversationSnapshot = {
  messages: [],
  unsettled: [],
  growing: [],
  joined: false,
  problem: undefined,
  code: undefined,
  newest: 0,
  readTo: undefined,
  unread: undefined,
  position: undefined,
  online: [],
  count: 0,
  whoTypes: [],
  reads: {},
  hasOlder: false,
  live: true,
  loadingOlder: false,
  loadingNewer: false,
};

const newest = new WeakMap<Conversation, { revision: number; snapshot: ConversationSnapshot }>();

/** The same object as before where nothing has changed. */
export function snapshotOf(chat: Chat, id: string): ConversationSnapshot {
  const conversation = chat.conversation(id);
  const { revision } = conversation;
  const known = newest.get(conversation);
  if (known?.revision === revision) return known.snapshot;
  const snapshot = take(conversation, chat.unsettled(id));
  newest.set(conversation, { revision, snapshot });
  return snapshot;
}

function take(conversation: Conversation, unsettled: OutboxItem[]): ConversationSnapshot {
  const {
    timeline,
    people,
    growing,
    joined,
    problem,
    code,
    newest: last,
    readTo,
    unread,
    position,
    loadingOlder,
    loadingNewer,
  } = conversation;
  return {
    messages: [...timeline.messages],
    unsettled: unsettled.map((item) => ({ ...item })),
    growing: growing.list(),
    joined,
    problem,
    code,
    newest: last,
    readTo,
    unread,
    position,
    online: people.online,
    count: people.count,
    whoTypes: people.whoTypes,
    reads: { ...people.reads },
    hasOlder: timeline.hasOlder,
    live: timeline.live,
    loadingOlder,
    loadingNewer,
  };
}
