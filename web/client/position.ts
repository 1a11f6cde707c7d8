// Where a conversation is gone on with: by this client after a lost connection, by a program that was started again.
import { defined } from './defined.ts';
import { badRequest, isNumber, type Refusal } from './limits.ts';
import { byteLength, type Seq } from './protocol.ts';
import { RequestError } from './request-error.ts';

/**
 * Where this client stands in a conversation's record, as JSON: a program keeps it, and hands it back in its next life.
 * Each entry up to `seq` has been told of.
 */
export interface Position {
  seq: Seq;
  /** The record that the seq means something in; absent while there is no entry. */
  log?: string;
  /** The newest entry of it whose sum was told, and that sum: a record that does not have both is another one. */
  known?: Seq;
  sum?: string;
  /** When the entry `seq` was written, and its id: they say which one it is, where its sum was not told. */
  time?: string;
  id?: string;
}

/** Where a join begins. */
export interface JoinOptions {
  /**
   * Every entry after this one comes, however many there are: a seq, or a position that was kept. Where it is of a
   * record that is gone, `reset` tells so, and the conversation is joined as without it; so it is with null, for a
   * program that has kept none yet.
   */
  after?: Seq | Position | null | undefined;
  /** Beside a seq: the log that it means something in. */
  log?: string | undefined;
  /** Beside a seq: an entry whose sum was told, and that sum. */
  known?: Seq | undefined;
  sum?: string | undefined;
  /**
   * How many entries come first where there is no `after`: 0 (only what is new) to 1000; 50 unless this says otherwise.
   */
  limit?: number | undefined;
}

const maxEntries = 1_000; // a join may ask for

/** What was asked for, checked: throws a RequestError with the code `bad_request`. */
export function startOf(options: JoinOptions): { after?: Position; limit?: number } {
  const { after, log, known, sum, limit } = withoutNulls(options);
  const isPosition = typeof after === 'object' && after !== null;
  const from = isPosition ? withoutNulls(after) : after == null ? undefined : { seq: after, log, known, sum };
  const problem = limitProblem(limit) ?? (from ? positionProblem(from) : looseProblem(log ?? known ?? sum));
  if (problem) throw RequestError.of(problem);
  return defined({ after: from && tidy(from), limit });
}

/** As on the wire, null is as absent. */
function withoutNulls<Fields extends object>(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as Fields;
}

type Loose = { [Name in keyof Position]?: Position[Name] | undefined };

function tidy({ seq, log, known, sum, time, id }: Loose): Position {
  return defined({ seq: seq!, log, known, sum, time, id });
}

function limitProblem(limit: unknown): Refusal | undefined {
  const fits = limit === undefined || (isNumber(limit, 0) && limit <= maxEntries);
  return fits ? undefined : badRequest(`limit is a number of entries, from 0 to ${maxEntries}`);
}

function positionProblem({ seq, log, known, sum, time, id }: Loose): Refusal | undefined {
  if (!isNumber(seq, 0)) return badRequest('after is the seq of an entry, from 0 on, or a position that was kept');
  const whole = known === undefined ? sum === undefined : isNumber(known, 1) && sum !== undefined;
  if (!whole) return badRequest('known, the seq of an entry, and sum, which came with that entry, go together');
  const named = [log, sum, time, id].every((name) => name === undefined || isName(name));
  return named ? undefined : badRequest('log, sum, time and id are strings of 1 to 64 bytes, as they came');
}

function looseProblem(loose: unknown): Refusal | undefined {
  return loose === undefined ? undefined : badRequest('log, known and sum say which record `after` is of: give it too');
}

/** As every name on the wire: 1 to 64 bytes. */
function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && byteLength(value) <= 64;
}
