// The frames of the wire, as docs/protocol specifies them: requests of the client, and what the server sends.
// Times are RFC 3339 in UTC, with microseconds. Optional fields are absent, not null.

/** The sequence number of an entry in its conversation: 1, 2, 3, … without a gap. */
export type Seq = number;

/**
 * An entry of a conversation's record. A client counts the seq of a type that it does not know, and ignores the rest.
 */
export interface Entry {
  type: string;
  conversation: string;
  seq: Seq;
  /** The id of the record's log. Only the entry with seq 1 has it. */
  log?: string;
}

/** Reports whether an entry is a message. It is the one type of entry so far. */
export function isMessage(entry: { type: string }): entry is Message {
  return entry.type === 'message';
}

/** An entry with a text. */
export interface Message extends Entry {
  type: 'message';
  /** The author's own id for it, 1 to 64 bytes. Absent if it was sent without one. */
  id?: string;
  /** The author's user name. */
  from: string;
  /** What to show in place of `from`, if a token said so. */
  name?: string;
  /** When it was recorded. Never earlier than the time of the entry before. */
  time: string;
  /** Absent if the message is redacted. */
  text?: string;
  /** The seq of the entry that it answers. */
  target?: Seq;
  /** The application's own data. */
  meta?: Record<string, unknown>;
  /** Whether its text, id and meta were removed. Not in this version of the server. */
  redacted?: boolean;
  /** Whether its author went away before the end of it. Not in this version of the server. */
  partial?: boolean;
}

/** The server's limits for one session. Sizes are in bytes, times in seconds. */
export interface Limits {
  /** A frame of the client. A larger one closes the connection with 1009. */
  frame: number;
  /** A message's text, in UTF-8. */
  text: number;
  /** A message's `meta`, as JSON. */
  meta: number;
  /** A page of history. It always has at least one entry. */
  page: number;
  /** Conversations that a session may join. */
  joins: number;
  /** Users in a list. A larger conversation has only a count. */
  names: number;
  /** Sends a second, in bursts of twice that; 0: no limit. Above it the server reads more slowly. */
  rate: number;
  /** How long an id makes a send idempotent, at least. */
  ids: number;
  /** How long a connection may accept nothing before the server closes it. */
  write_timeout: number;
  /** How long the server waits in silence before it pings, and again before it closes the connection. */
  ping: number;
  /** How long after the end of its token a session is closed. Absent if there are no tokens. */
  token_grace?: number;
}

/** The first frame of each session. */
export interface Welcome {
  type: 'welcome';
  /** The id of the session, for logs. */
  session: string;
  /** The user's name in its normal form. */
  user: string;
  /** What to show for the user, if the token says so. */
  name?: string;
  /** The version of the server. */
  version: string;
  /** The server's clock. */
  now: string;
  /** When the token ends, if there is one. */
  expires?: string;
  limits: Limits;
}

/** The reply to a join. The entries from `first` to `last` follow. */
export interface Joined {
  type: 'joined';
  ref?: string;
  conversation: string;
  /** The id of the record's log. Absent while there is no entry. */
  log?: string;
  /** The first entry that follows; `last` + 1 if none does. */
  first: Seq;
  /** The newest entry; 0 while there is none. */
  last: Seq;
  /** The sum of the entry `last`. */
  sum?: string;
  /** The user's own read mark, if there is one. */
  read?: Seq;
  /** The users who are present, oneself included; at most `limits.names`. */
  online?: string[];
  /** How many users are present. */
  count?: number;
  /** The read marks of others, by user; at most `limits.names`. */
  reads?: Record<string, Seq>;
}

/** A sent message is on the record: it survives a crash and a power cut of the server. */
export interface Ack {
  type: 'ack';
  ref?: string;
  id?: string;
  conversation: string;
  /** Its place on the record. For a duplicate, that of the first one; so are `time` and `sum`. */
  seq: Seq;
  time: string;
  /** The receipt: the sum over this entry and all before it. */
  sum?: string;
  /** Whether this id was on the record already, and nothing was added. */
  duplicate?: boolean;
  /** The id of the log that this entry began, if `seq` is 1. */
  log?: string;
}

/** The newest seq of a conversation that is followed; at most once a second. */
export interface Last {
  type: 'last';
  conversation: string;
  last: Seq;
  /** When the entry `last` was recorded. */
  time?: string;
}

/** A part of a growing message: either `delta`, which is added, or `text`, all of it so far. */
export interface Growth {
  type: 'stream';
  conversation: string;
  id: string;
  from: string;
  /** The number of the last delta that is included, from 0. */
  n?: number;
  delta?: string;
  text?: string;
  /** Whether the author gave it up: nothing more comes. */
  cancelled?: boolean;
}

/** A conversation is no longer joined. `code` and `reason` are present if the server ended the join. */
export interface Left {
  type: 'left';
  ref?: string;
  conversation: string;
  code?: string;
  reason?: string;
}

/** One page of a conversation's record. */
export interface HistoryPage {
  type: 'history';
  ref?: string;
  conversation: string;
  /** The entries, by ascending seq. */
  messages: Entry[];
  /** Whether there are more entries in the direction that was asked for. */
  more: boolean;
}

/** The users of a conversation have changed. */
export interface Presence {
  type: 'presence';
  conversation: string;
  /** The user who joined or left. Absent in a conversation of more than `limits.names` users. */
  user?: string;
  event?: 'joined' | 'left';
  /** How many users are present. */
  count?: number;
  /** All who are present, if the whole list is told again. */
  online?: string[];
}

/** A user is typing, for the next 5 s. */
export interface Typing {
  type: 'typing';
  conversation: string;
  user: string;
}

/** A user has read up to `seq`. */
export interface Read {
  type: 'read';
  conversation: string;
  user: string;
  seq: Seq;
}

/** The reply to a new token, which has taken the place of the session's. */
export interface Renewed {
  type: 'token';
  ref?: string;
  /** When the new token ends. */
  expires: string;
}

/** A request failed. Nothing of it was done, except perhaps with the code `unavailable`. */
export interface ErrorFrame {
  type: 'error';
  ref?: string;
  /** For the program: `bad_request`, `conflict`, `unavailable` … docs/protocol/errors.md lists them. */
  code: string;
  /** For a person: what is wrong, and what to do. */
  reason: string;
  /** The id of the send that failed. */
  id?: string;
  conversation?: string;
  /** Seconds to wait before the request is repeated. */
  retry_after?: number;
}

/** All frames of the server. The client ignores other types, but counts their seq. */
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
  | Renewed
  | ErrorFrame
  | { type: 'pong'; ref?: string };

/** All requests of the client. A field that is undefined is not sent. */
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

/** The WebSocket close codes that the client treats differently from a lost connection. */
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

/** Reports whether a string is a valid conversation id: 1 to 64 of a-z 0-9 . _ - that begin with a letter or digit. */
export function isConversationId(id: string): boolean {
  return conversationPattern.test(id);
}

/** Returns the length of a text in UTF-8, in bytes. */
export function byteLength(text: string): number {
  let bytes = 0;
  for (const letter of text) {
    const point = letter.codePointAt(0)!;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/**
 * Returns a new message id: 24 hexadecimal digits. Unlike crypto.randomUUID it works without a secure context. An id
 * is no secret, so Math.random is enough where there is no crypto.
 */
export function newId(): string {
  const bytes = new Uint8Array(12);
  if (typeof crypto === 'undefined') bytes.forEach((_, index) => (bytes[index] = Math.random() * 256));
  else crypto.getRandomValues(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
