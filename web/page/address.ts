// What the page's own address says: which conversation, which server, and a token where there is one.
import { isConversationId } from '@verbatim/client';
import { root } from './root.ts';

export const defaultConversation = 'lobby';

/** The conversation that a path names, or none. Its id may be invalid: the page says so in words. */
export function conversationOf(path: string, below = root.pathname): string | undefined {
  const named = path.startsWith(`${below}c/`) ? path.slice(below.length + 2).replace(/(?<=.)\/$/, '') : '';
  if (named === '') return undefined;
  try {
    return decodeURIComponent(named);
  } catch {
    return named; // a lone % sign
  }
}

export function pathOf(conversation: string, below = root.pathname): string {
  return `${below}c/${encodeURIComponent(conversation)}`;
}

export function socketAddress(page: string | URL, name: string | undefined): string {
  const url = new URL('ws', page);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  if (name) url.searchParams.set('name', name);
  return url.href;
}

/** The token after `#token=`. A fragment never reaches a server or its logs. */
export function tokenOf(hash: string): string | undefined {
  return new URLSearchParams(hash.slice(1)).get('token') ?? undefined;
}

export { isConversationId };
