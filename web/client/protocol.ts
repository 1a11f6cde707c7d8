// The words of the wire, as docs/protocol states them: what goes up, what comes down.

/** The place of an entry in its conversation: 1, 2, 3, … with no gap. */
export type Seq = number;

/** Whatever carries a seq. A reader counts the seq of a type that it does not know, and passes over the rest. */
export interface Entry {
  type: string;
  conversation: string;
  seq: Seq;
  /** The record's log: on the entry with seq 1 alone. */
  log?: string;
}

/** Whether an entry is a message: the type of entry that has words. */
export function isMessage(entry: { type: string }): entry is Message {
  return entry.type === 'message';
}

export interface Message extends Entry {
  type: 'message';
  id?: string;
  from: string;
  name?: string;
  time: string;
  text?: string;
  target?: Seq;
  meta?: Record<string, unknown>;
  redacted?: boolean;
  partial?: boolean;
}

export interface Limits {
  frame: number;
  text: number;
  meta: number;
  page: number;
  joins: number;
  names: number;
  rate: number;
  ids: number;
  write_timeout: number;
  ping: number;
}

export interface Welcome {
  type: 'welcome';
  session: string;
  user: string;
  version: string;
  now: string;
  limits: Limits;
}

export interface Joined {
  type: 'joined';
  ref?: string;
  conversation: string;
  log?: string;
  first: Seq;
  last: Seq;
  sum?: string;
  read?: Seq;
  online?: string[];
  count?: number;
  reads?: Record<string, Seq>;
}

export interface Ack {
  type: 'ack';
  ref?: string;
  id?: string;
  conversation: string;
  seq: Seq;
  time: string;
  sum?: string;
  duplicate?: boolean;
  /** The record's log, where seq is 1. */
  log?: string;
}

export interface Last {
  type: 'last';
  conversation: string;
  last: Seq;
  time?: string;
}

/** A piece of a message that grows: either `delta`, or `text`, the whole so far. */
export interface Growth {
  type: 'stream';
  conversation: string;
  id: string;
  from: string;
  n?: number;
  delta?: string;
  text?: string;
  cancelled?: boolean;
}

export interface Left {
  type: 'left';
  ref?: string;
  conversation: string;
  code?: string;
  reason?: string;
}

export interface HistoryPage {
  type: 'history';
  ref?: string;
  conversation: string;
  messages: Entry[];
  more: boolean;
}

export interface Presence {
  type: 'presence';
  conversation: string;
  user?: string;
  event?: 'joined' | 'left';
  count?: number;
  online?: string[];
}

export interface Typing {
  type: 'typing';
  conversation: string;
  user: string;
}

export interface Read {
  type: 'read';
  conversation: string;
  user: string;
  seq: Seq;
}

export interface ErrorFrame {
  type: 'error';
  ref?: string;
  code: string;
  reason: string;
  id?: string;
  conversation?: string;
  retry_after?: number;
}

/** What the server may say; anything else is passed over, its seq apart. */
export type ServerFrame =
  | Welcome
  | Joined
  | Message
  | Ack
  | Last
  | Growth
  | Left
  | HistoryPage
  | Presence
  | Typing
  | Read
  | ErrorFrame
  | { type: 'pong'; ref?: string };

/** What the client may say. What is undefined is not on the wire. */
export type Request =
  | {
      type: 'join';
      conversation: string;
      after?: Seq | undefined;
      log?: string | undefined;
      known?: Seq | undefined;
      sum?: string | undefined;
      limit?: number | undefined;
      messages?: boolean | undefined;
    }
  | { type: 'leave' | 'typing'; conversation: string }
  | {
      type: 'send';
      conversation: string;
      id: string;
      text: string;
      target?: Seq | undefined;
      meta?: Record<string, unknown> | undefined;
      log?: string | undefined;
      prev?: string | undefined;
      since?: Seq | undefined;
    }
  | { type: 'history'; conversation: string; before?: Seq; after?: Seq; limit?: number }
  | { type: 'read'; conversation: string; seq: Seq; ref?: string }
  | { type: 'ping' };

/** The close codes that have a meaning of their own here. */
export const closeCode = {
  draining: 1001,
  protocol: 1002,
  policy: 1008,
  tooBig: 1009,
  tryLater: 1013,
  unauthorized: 4001,
  forbidden: 4003,
} as const;

const conversationPattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export function isConversationId(id: string): boolean {
  return conversationPattern.test(id);
}

/** How many bytes a text has in UTF-8. */
export function byteLength(text: string): number {
  let bytes = 0;
  for (const letter of text) {
    const point = letter.codePointAt(0)!;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/**
 * A new message id. It needs no secure context, as crypto.randomUUID would, and no secret: where there is no crypto,
 * chance will do.
 */
export function newId(): string {
  const bytes = new Uint8Array(12);
  if (typeof crypto === 'undefined') bytes.forEach((_, index) => (bytes[index] = Math.random() * 256));
  else crypto.getRandomValues(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
