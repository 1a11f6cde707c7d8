// The conversations that the server knows, newest first.
import { signal } from '@preact/signals';
import { defaultConversation } from '../address.ts';
import { chat, entered, token } from '../state.ts';

export interface Listed {
  id: string;
  last: number;
  time?: string;
  online: number;
}

export const listed = signal<Listed[]>([]);
export const listHasMore = signal(false);
export const listFailed = signal(false);

const mostFollowed = 100; // conversations; a server allows a session a thousand joins

/** Loads the list, and follows what is in it so that unread counts stay live. */
export async function refreshList(): Promise<void> {
  if (!entered.value) return;
  try {
    const headers = token ? { Authorization: `Bearer ${token}` } : undefined;
    const response = await fetch('/api/conversations?limit=200', headers ? { headers } : {});
    listFailed.value = !response.ok;
    if (!response.ok) return;
    const body = (await response.json()) as { conversations?: Listed[]; more?: boolean };
    listed.value = (body.conversations ?? []).sort((a, b) => (b.time ?? '').localeCompare(a.time ?? ''));
    listHasMore.value = body.more ?? false;
    chat.follow(listed.value.slice(0, mostFollowed).map((conversation) => conversation.id));
  } catch {
    listFailed.value = true; // no network: the banner tells of it
  }
}

/** What to list: all that the server knows, and before it the open one and the default, which may have no entry yet. */
export function withEmpty(conversations: Listed[], open: string | undefined): Listed[] {
  const wanted = new Set(open === undefined ? [defaultConversation] : [open, defaultConversation]);
  for (const { id } of conversations) wanted.delete(id);
  return [...[...wanted].map((id) => ({ id, last: 0, online: 0 })), ...conversations];
}
