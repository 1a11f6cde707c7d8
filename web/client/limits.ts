// What may be sent: the checks of docs/protocol.md on one message, with the server's own codes. They are made before
// anything is queued or kept, for a frame over the limit is answered with a close, and sending it again with another
// one.
import { byteLength, isConversationId, type ErrorFrame, type Limits, type Seq } from './protocol.ts';

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

const mostId = 64; // bytes
const greatest = Number.MAX_SAFE_INTEGER; // 2^53-1, the contract's greatest number
/** What the queue may add to a frame: `log`, `prev`, `since` and `ref`. */
const envelope = byteLength(
  JSON.stringify({ log: 'x'.repeat(mostId), prev: 'x'.repeat(mostId), since: greatest, ref: `r${greatest}` }),
);

/** What is wrong with a message, as the server would say it; nothing where it can be sent as it is. */
export function problemOf(message: Sendable, limits: Limits): Refusal | undefined {
  return (
    idProblem(message.id) ??
    conversationProblem(message.conversation) ??
    textProblem(message.text, limits.text) ??
    targetProblem(message.target) ??
    metaProblem(message.meta, limits.meta) ??
    frameProblem(message, limits.frame)
  );
}

/** What is wrong with a conversation's id. */
export function conversationProblem(id: string): Refusal | undefined {
  if (typeof id === 'string' && isConversationId(id)) return undefined;
  const shown = String(id).slice(0, 80);
  return {
    code: 'invalid_conversation',
    reason: `"${shown}" cannot name a conversation: that has 1 to 64 of a-z 0-9 . _ - and begins with a letter or a digit`,
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

/**
 * The application's own object as it goes onto the wire: what JSON makes of it now. What becomes of the original later
 * changes nothing. Throws a Refusal where JSON makes nothing of it, or no object.
 */
export function plainMeta(meta: unknown): Record<string, unknown> {
  let text: string | undefined;
  try {
    text = JSON.stringify(meta);
  } catch (error) {
    throw badRequest(`meta is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!text?.startsWith('{')) throw badRequest('meta is a JSON object');
  return JSON.parse(text) as Record<string, unknown>;
}

/** What is wrong with a frame's length in bytes. */
export function tooLong(bytes: number, most: number, what = 'request'): Refusal | undefined {
  if (bytes <= most) return undefined;
  return tooLarge(`the ${what} makes a frame of ${bytes} bytes, and the server takes ${most}: send it in parts`);
}

function idProblem(id: unknown): Refusal | undefined {
  if (typeof id !== 'string' || id === '') return badRequest('id has 1 to 64 bytes: leave it out where there is none');
  const bytes = byteLength(id);
  if (bytes > mostId) return tooLarge(`id has at most ${mostId} bytes: this one has ${bytes}`);
  return unicodeProblem(id, 'id');
}

function textProblem(text: unknown, most: number): Refusal | undefined {
  if (typeof text !== 'string' || text === '') return badRequest("a message's text has at least 1 byte");
  const bytes = byteLength(text);
  if (bytes > most)
    return tooLarge(`a message's text has at most ${most} bytes: this one has ${bytes}; send it in parts`);
  return unicodeProblem(text, "a message's text");
}

function unicodeProblem(text: string, what: string): Refusal | undefined {
  if (/\p{Cs}/u.test(text)) return badRequest(`${what} has half of a surrogate pair: it is not valid Unicode`);
  if (text.includes('\0')) return badRequest(`${what} has U+0000, which may not stand in a string`);
  return undefined;
}

function targetProblem(target: unknown): Refusal | undefined {
  if (target === undefined || isNumber(target, 1)) return undefined;
  return badRequest('target is the seq that a message answers to: an integer from 1 to 2^53-1');
}

/** What is wrong with the seq after which a first sending stands. */
export function sinceProblem(since: unknown): Refusal | undefined {
  if (since === undefined || isNumber(since, 0)) return undefined;
  return badRequest('since is the seq of an entry, from 0 on');
}

function metaProblem(meta: unknown, most: number): Refusal | undefined {
  if (meta === undefined) return undefined;
  try {
    const text = JSON.stringify(plainMeta(meta));
    const bytes = byteLength(text);
    if (bytes > most) return tooLarge(`meta has at most ${most} bytes: this one has ${bytes}`);
    return hasForbiddenEscape(text) ? badRequest('meta has U+0000 or half of a surrogate pair in a string') : undefined;
  } catch (refusal) {
    return refusal as Refusal;
  }
}

/** JSON escapes what the wire may not carry: U+0000, and halves of surrogate pairs. */
function hasForbiddenEscape(json: string): boolean {
  for (const [, unit] of json.matchAll(/\\(?:u([0-9a-f]{4})|.)/g)) {
    if (unit !== undefined && (unit === '0000' || /^d[89a-f]/.test(unit))) return true;
  }
  return false;
}

function frameProblem({ conversation, id, text, target, meta }: Sendable, most: number): Refusal | undefined {
  const frame = JSON.stringify({ type: 'send', conversation, id, text, target, meta });
  if (3 * frame.length + envelope <= most) return undefined; // no unit has more than 3 bytes
  return tooLong(byteLength(frame) + envelope, most, 'message');
}

function badRequest(reason: string): Refusal {
  return { code: 'bad_request', reason };
}

function tooLarge(reason: string): Refusal {
  return { code: 'too_large', reason };
}
