// What stands in the list, row by row: one's own conversations, then what else the server has.
import { isConversationId } from '@verbatim/client';
import type { Listed } from './catalogue.ts';
import type { MyConversation } from './my-conversations.ts';

export type Row =
  | { kind: 'own'; id: string }
  | { kind: 'other'; id: string; listed: Listed }
  | { kind: 'start'; id: string }
  | { kind: 'heading' | 'note'; text: string };

export interface Words {
  others: string;
  nothing: string;
  failed: string;
}

/** The rows for what was typed into the search; `own` is in its order. */
export function rowsFor(typed: string, own: MyConversation[], found: Listed[], failed: boolean, words: Words): Row[] {
  const sought = soughtFrom(typed);
  const mine = own.filter(({ id }) => id.includes(sought));
  const known = new Set(own.map(({ id }) => id));
  const others = found.filter(({ id }) => !known.has(id) && id.includes(sought));
  const rows: Row[] = bestFirst(mine, sought).map(({ id }) => ({ kind: 'own', id }));
  if (others.length > 0) rows.push({ kind: 'heading', text: words.others });
  for (const listed of others) rows.push({ kind: 'other', id: listed.id, listed });
  const start = idFrom(typed); // last: the arrows come to what there is first
  const isThere = (id: string) => known.has(id) || others.some((each) => each.id === id);
  if (start !== undefined && !isThere(start)) rows.push({ kind: 'start', id: start });
  if (failed) rows.push({ kind: 'note', text: words.failed });
  else if (rows.length === 0) rows.push({ kind: 'note', text: words.nothing });
  return rows;
}

/** What names are searched for: spaces are dashes in them, and there are no capitals. */
export const soughtFrom = (typed: string) => typed.trim().toLowerCase().replace(/\s+/g, '-');

/** The conversation's name that was meant, if it can be one. */
export function idFrom(typed: string): string | undefined {
  const id = soughtFrom(typed);
  return isConversationId(id) ? id : undefined;
}

/** What Enter opens: what is called exactly so, else the first that is found. Another one is begun by its own row. */
export function choice(typed: string, rows: Row[]): string | undefined {
  const found = rows.flatMap((row) => (row.kind === 'own' || row.kind === 'other' ? [row.id] : []));
  return found.find((id) => id === idFrom(typed)) ?? found[0];
}

function bestFirst(own: MyConversation[], sought: string): MyConversation[] {
  if (sought === '') return own;
  return [...own.filter(({ id }) => id.startsWith(sought)), ...own.filter(({ id }) => !id.startsWith(sought))];
}
