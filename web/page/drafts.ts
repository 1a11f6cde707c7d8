// What was written and not sent, for each conversation: kept over reloads, and shown in the list.
import { signal } from '@preact/signals';
import { lasting } from './storage.ts';

/** By conversation, those that are not empty. Read by whoever shows them. */
export const drafts = signal<ReadonlyMap<string, string>>(new Map());
let prefix = '';

/** Takes up the drafts of a user. */
export function loadDrafts(user: string): void {
  prefix = `verbatim.draft/${encodeURIComponent(user)}/`;
  const keys = Array.from({ length: lasting.length }, (_, index) => lasting.key(index)!).filter((key) => key.startsWith(prefix));
  drafts.value = new Map(keys.map((key) => [key.slice(prefix.length), lasting.getItem(key) ?? '']));
}

export const draftOf = (id: string): string => drafts.peek().get(id) ?? '';

export function keepDraft(id: string, text: string): void {
  const others = new Map(drafts.peek());
  if (text === '') others.delete(id);
  else others.set(id, text);
  drafts.value = others;
  try {
    if (text === '') lasting.removeItem(prefix + id);
    else lasting.setItem(prefix + id, text);
  } catch {
    // Full: the draft lives as long as the page does.
  }
}
