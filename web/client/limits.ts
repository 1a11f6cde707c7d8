// What may be sent: the checks of docs/protocol on one message, with the server's own codes. They are made before
// anything is queued or kept, for a frame over the limit is answered with a close, and sending it again with another
// one.
import { sentenceOf } from './error-sentence.ts';
import { byteLength, type ErrorFrame, isConversationId, type Limits, type Seq } from './protocol.ts';

/** The contract's own limits: what holds before a server has said its own. */
export const defaultLimits: Limits = {
  frame: 131_072,
  text: 16_384,
  meta: 4_096,
  page: 262_144,
  joins: 1_000,
  names: 200,
  rate: 50,
  ids: 600,
  write_timeout: 30,
  ping: 30,
};

/** No limits: what was kept under those of a server is weighed again once that has said them. */
export const noLimits: Limits = { ...defaultLimits, frame: Infinity, text: Infinity, meta: Infinity };

/** Why something is not sent: the server's code for it, and a sentence for a person. */
export interface Refusal {
  code: string;
  reason: string;
}

/** What a message is made of. */
export interface Sendable {
  id: string;
  conversation: string;
  text: string;
  target?: Seq | undefined;
  meta?: Record<string, unknown> | undefined;
}

const maxId = 64; // bytes
/** What the queue may add to a frame: `log` and `prev` of 64 bytes, `since` and `ref` with the greatest number. */
const envelope = 199; // bytes
/** JSON escapes what the wire may not carry: U+0000, and halves of surrogate pairs. */
const forbiddenEscape = /[^\\](\\\\)*\\u(0000|d[89a-f])/;

/** What is wrong with a message, as the server would say it; nothing where it can be sent as it is. */
export function problemOf({ conversation, id, text, target, meta }: Sendable, limits: Limits): Refusal | undefined {
  return (
    stringProblem('id', id, maxId) ??
    conversationProblem(conversation) ??
    stringProblem("a message's text", text, limits.text) ??
    seqProblem('target', target ?? 1, 1) ??
    metaProblem(meta, limits.meta) ??
    frameProblem(JSON.stringify({ type: 'send', conversation, id, text, target, meta }), limits.frame, envelope)
  );
}

/** What is wrong with a conversation's id. */
export function conversationProblem(id: string): Refusal | undefined {
  if (typeof id === 'string' && isConversationId(id)) return undefined;
  const shown = String(id).slice(0, 80);
  return {
    code: 'invalid_conversation',
    reason: `"${shown}" names no conversation: an id has 1 to 64 of a-z 0-9 . _ - and begins with a letter or digit`,
  };
}

/**
 * Whether an error may be gone in a while. A join that there is no room for has no end to wait for: something is to be
 * left first.
 */
export function isPassing({ code, retry_after }: Pick<ErrorFrame, 'code' | 'retry_after'>): boolean {
  return code === 'unavailable' || (code === 'rate_limited' && retry_after !== undefined);
}

/** A whole number that the wire carries. */
export function isNumber(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

/** What is wrong with a frame that has so many bytes besides. */
export function frameProblem(frame: string, most: number, besides = 0): Refusal | undefined {
  if (3 * frame.length + besides <= most) return undefined; // no unit has more than 3 bytes
  const bytes = byteLength(frame) + besides;
  if (bytes <= most) return undefined;
  return tooLarge(`this request makes a frame of ${bytes} bytes, and the server takes ${most}: ask in parts`);
}

function stringProblem(what: string, value: unknown, most: number): Refusal | undefined {
  if (typeof value !== 'string' || value === '') return badRequest(`${what} is a string of 1 to ${most} bytes`);
  return contentProblem(what, value, most, JSON.stringify(value));
}

/** What is wrong with what goes onto the wire as `json`. */
function contentProblem(what: string, content: string, most: number, json: string): Refusal | undefined {
  const bytes = byteLength(content);
  if (bytes > most) return tooLarge(`${what} has at most ${most} bytes: this one has ${bytes}`);
  return forbiddenEscape.test(json)
    ? badRequest(`${what} has U+0000 or half of a surrogate pair: no string may`)
    : undefined;
}

/** What is wrong with the seq of an entry. */
export function seqProblem(what: string, seq: unknown, least: number): Refusal | undefined {
  return isNumber(seq, least) ? undefined : badRequest(`${what} is the seq of an entry, from ${least} on`);
}

function metaProblem(meta: unknown, most: number): Refusal | undefined {
  if (meta === undefined) return undefined;
  let json: string | undefined;
  try {
    json = JSON.stringify(meta);
  } catch (error) {
    return badRequest(`meta is no JSON: ${sentenceOf(error)}`);
  }
  return json?.startsWith('{') ? contentProblem('meta', json, most, json) : badRequest('meta is a JSON object');
}

/** A request that makes no sense, whatever the server's limits are. */
export function badRequest(reason: string): Refusal {
  return { code: 'bad_request', reason };
}

function tooLarge(reason: string): Refusal {
  return { code: 'too_large', reason };
}
