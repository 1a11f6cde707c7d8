// One message on its way to the record, and how one that was kept comes back.
import { defined } from './defined.ts';
import { badRequest, isNumber, noLimits, problemOf, type Refusal } from './limits.ts';
import { type Limits, newId, type Seq } from './protocol.ts';

export interface OutboxItem {
  /** Its author's own, unique for the user in the conversation: what makes sending it again safe. */
  id: string;
  conversation: string;
  text: string;
  /** Milliseconds, and unique here: the order of sending. */
  created: number;
  /** The last seq that was known when this was first sent, and the log that it means something in. */
  since: Seq;
  /** The record that `since`, `target` and `seq` belong to. */
  log?: string;
  /**
   * `sending` waits for the record; `recorded` is on it, and waits only to be seen in the timeline; `failed` was
   * refused, and is not sent again before `retry`; `discarded` was given up by `discard`: where it had been sent
   * already, it may come onto the record all the same.
   */
  state: 'sending' | 'recorded' | 'failed' | 'discarded';
  /** Where it stands on the record. */
  seq?: Seq;
  /** When it came onto the record (RFC 3339, UTC). */
  time?: string;
  /**
   * The receipt, as the ack told it: nobody can change this or any earlier entry of `log` without changing it. Absent
   * where no ack came.
   */
  sum?: string;
  /**
   * Whether it had been on the record before this was sent: the ack of the first time was lost, or an earlier life had
   * sent it.
   */
  duplicate?: boolean;
  /** The seq that it answers to. */
  target?: Seq;
  /** The application's own, as JSON has it. */
  meta?: Record<string, unknown>;
  /** Why it failed; or, of one that is `sending`, why the record could not take it yet. */
  reason?: string;
  /** The error's code, where it failed. */
  code?: string;
}

/** What an item is known by here: an id is unique in its conversation alone. */
export function keyOf({ conversation, id }: Pick<OutboxItem, 'conversation' | 'id'>): string {
  return `${conversation}\0${id}`; // which no id has
}

/** Whether two messages say the same, as the server compares them: by what JSON makes of them. */
export function saysTheSame(one: Content, other: Content): boolean {
  return one.text === other.text && one.target === other.target && isSameJson(one.meta, other.meta);
}

type Content = { text?: unknown; target?: unknown; meta?: unknown };

function isSameJson(one: unknown, other: unknown): boolean {
  if (!isObject(one) || !isObject(other)) return one === other;
  const names = Object.keys(one);
  return (
    Array.isArray(one) === Array.isArray(other) &&
    names.length === Object.keys(other).length &&
    names.every((name) => isSameJson(one[name], other[name]))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * An item of what a store gave, whatever that is: another version of this client may have kept it. Where it cannot be
 * sent, `problem` says why. Sizes are weighed only where the server's limits are known.
 */
export function revive(found: unknown, limits: Limits = noLimits): { item: OutboxItem; problem?: Refusal } {
  const kept: Partial<Record<keyof OutboxItem, unknown>> = isObject(found) ? found : {};
  const { id, conversation, text, created, since, target, meta } = kept;
  const log = stringIn(kept.log);
  const item: OutboxItem = {
    id: stringIn(id) ?? newId(),
    conversation: stringIn(conversation) ?? '',
    text: stringIn(text) ?? '',
    created: Number.isFinite(created) ? (created as number) : 0,
    since: log && isNumber(since, 0) ? since : 0, // 0: the whole record is searched
    state: kept.state === 'failed' ? 'failed' : 'sending',
    ...defined({ log, reason: stringIn(kept.reason), code: stringIn(kept.code) }),
    ...(target != null && { target: target as Seq }),
    ...(meta != null && { meta: meta as Record<string, unknown> }),
  };
  if (item.state !== 'sending') return { item };
  // Under an id of this life's making it would be another message in each life.
  const whole = stringIn(id) && typeof conversation === 'string' && typeof text === 'string';
  const problem = whole
    ? problemOf(item, limits)
    : badRequest('what was kept of this message is not whole: write it once more');
  return { item, ...(problem && { problem }) };
}

function stringIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
