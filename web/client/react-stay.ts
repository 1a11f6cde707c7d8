// Who shows which conversation. It is joined with the first component that does, and left with the last: not at once,
// since one that goes may come back in the same drawing, as all do in React's strict mode.
import type { Chat } from './chat.ts';
import type { ConversationMode } from './conversation.ts';
import type { UseConversationOptions } from './react.ts';

interface Shown {
  open: number; // components that show its entries
  followed: number; // components that only follow
  before: ConversationMode; // what it was without them
}

const shown = new WeakMap<Chat, Map<string, Shown>>();

/** Has a conversation joined until the function that it returns is called. */
export function stay(chat: Chat, id: string, { follow, ...start }: UseConversationOptions = {}): () => void {
  const all = shown.get(chat) ?? new Map<string, Shown>();
  shown.set(chat, all);
  const conversation = chat.conversation(id);
  const here = all.get(id) ?? { open: 0, followed: 0, before: conversation.mode };
  all.set(id, here);
  const kind = follow ? 'followed' : 'open';
  here[kind]++;
  if (kind === 'followed') chat.follow([id]);
  else if (conversation.mode !== 'open') begin(chat, id, start);
  return () => {
    here[kind]--;
    queueMicrotask(() => settle(chat, id, here));
  };
}

function begin(chat: Chat, id: string, start: UseConversationOptions): void {
  const wanted = Object.values(start).some((value) => value !== undefined);
  if (wanted && !chat.conversation(id).opened) chat.join(id, start);
  else chat.join(id); // it was open before: it goes on where it was
}

/** Leaves a conversation as those that still show it need it, or as it was before anybody did. */
function settle(chat: Chat, id: string, here: Shown): void {
  const { open, followed, before } = here;
  if (open > 0) return;
  if (followed === 0) shown.get(chat)?.delete(id);
  const conversation = chat.conversation(id);
  if (before === 'open') return;
  if (followed > 0 || before === 'followed') conversation.enter('followed');
  else chat.leave(id);
}
