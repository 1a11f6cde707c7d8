// What stands in the list, row by row: one's own conversations, then what else the server has.
import { isConversationId } from '@verbatim/client';
import type { Listed } from './catalogue.ts';
import type { Own } from './own.ts';

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
export function rowsFor(typed: string, own: Own[], found: Listed[], failed: boolean, words: Words): Row[] {
  const sought = typed.trim().toLowerCase();
  const mine = own.filter(({ id }) => id.includes(sought));
  const known = new Set(own.map(({ id }) => id));
  const others = found.filter(({ id }) => !known.has(id) && id.startsWith(sought));
  const rows: Row[] = bestFirst(mine, sought).map(({ id }) => ({ kind: 'own', id }));
  const start = idFrom(typed);
  if (start !== undefined && !known.has(start) && !others.some(({ id }) => id === start)) rows.push({ kind: 'start', id: start });
  if (others.length > 0) rows.push({ kind: 'heading', text: words.others });
  for (const listed of others) rows.push({ kind: 'other', id: listed.id, listed });
  if (failed) rows.push({ kind: 'note', text: words.failed });
  else if (rows.length === 0) rows.push({ kind: 'note', text: words.nothing });
  return rows;
}

/** The conversation's name that was meant: spaces are dashes in it, and there are no capitals. */
export function idFrom(typed: string): string | undefined {
  const id = typed.trim().toLowerCase().replace(/\s+/g, '-');
  return isConversationId(id) ? id : undefined;
}

/** What Enter opens: what is called exactly so, else the first of one's own, else a new one of that name. */
export function choice(typed: string, rows: Row[]): string | undefined {
  const exact = typed.trim();
  const named = rows.flatMap((row) => (row.kind === 'own' || row.kind === 'other' ? [row] : []));
  const found = named.find(({ id }) => id === exact) ?? named.find(({ kind }) => kind === 'own');
  if (found) return found.id;
  return isConversationId(exact) ? exact : undefined;
}

function bestFirst(own: Own[], sought: string): Own[] {
  if (sought === '') return own;
  return [...own.filter(({ id }) => id.startsWith(sought)), ...own.filter(({ id }) => !id.startsWith(sought))];
}
