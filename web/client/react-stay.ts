// Who shows which conversation. It is joined with the first component that does, and left with the last: not at once,
// since one that goes may come back in the same drawing, as all do in React's strict mode.
import type { Conversation } from './conversation.ts';
import { type JoinOptions, startOf } from './position.ts';

/** How a conversation is joined while a component shows it. */
export interface UseConversationOptions extends JoinOptions {
  /** Only hear how far it has come, without its entries: for lists with unread counts. */
  follow?: boolean | undefined;
}

interface Shown {
  open: number; // components that show its entries
  followed: number; // components that only follow
}

/** What a component has joined where its options say; from then on it goes on where it was. */
export type Begun = Set<Conversation>;

const shown = new WeakMap<Conversation, Shown>();

/** Has a conversation joined until the function that it returns is called. Throws where the options make no sense. */
export function stay(
  conversation: Conversation,
  { follow, ...start }: UseConversationOptions = {},
  begun: Begun,
): () => void {
  const here = shown.get(conversation) ?? { open: 0, followed: 0 };
  shown.set(conversation, here);
  if (!follow) begin(conversation, start, here, begun);
  else if (conversation.mode === 'idle') conversation.enter('followed');
  const kind = follow ? 'followed' : 'open';
  here[kind]++;
  return () => {
    here[kind]--;
    queueMicrotask(() => settle(conversation, here));
  };
}

/** Whoever shows it first says where it begins, unless the application does. */
function begin(conversation: Conversation, start: UseConversationOptions, here: Shown, begun: Begun): void {
  const from = Object.values(start).some((value) => value !== undefined) ? startOf(start) : undefined;
  const first = here.open === 0 && conversation.wish !== 'open';
  if (from && first && !begun.has(conversation)) conversation.enterFrom(from);
  else if (conversation.mode !== 'open') conversation.enter('open');
  begun.add(conversation);
}

/** Leaves a conversation as those that still show it, and the application, need it. */
function settle(conversation: Conversation, { open, followed }: Shown): void {
  if (open > 0 || conversation.wish === 'open') return;
  if (followed > 0 || conversation.wish === 'followed') conversation.enter('followed');
  else conversation.leave();
}
