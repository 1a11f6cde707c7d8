// Keeps the list as it is: what is followed, the newest words of each, and what else the server has.
import { batch, effect, signal, untracked } from '@preact/signals';
import type { Conversation, Message } from '@verbatim/client';
import { draftsChangedElsewhere, keepReply } from '../drafts.ts';
import { notifications } from '../notifications/setting.ts';
import { call } from '../notifications/when-on.ts';
import { root } from '../root.ts';
import { selfChangedElsewhere } from '../self.ts';
import { changes, chat, chats, connection, entered, token, user, watch } from '../state.ts';
import { Catalogue } from './catalogue.ts';
import {
  conversationsChangedElsewhere,
  forgetActivity,
  isMuted,
  lastKnown,
  myConversations,
  noteActivity,
  saveConversations,
} from './my-conversations.ts';
import { Previews } from './previews.ts';

const refreshEvery = 15_000; // ms

/** Counts the changes of the catalogue, as `changes` does those of the conversations. */
export const catalogueChanges = signal(0);

export const catalogue = new Catalogue({
  fetch: (address) => fetch(new URL(address, root), token ? { headers: { Authorization: `Bearer ${token}` } } : {}),
  onChange: () => void catalogueChanges.value++,
});

export let previews = newPreviews(chat);

function newPreviews(of: typeof chat): Previews {
  return new Previews({
    newest: (id) => of.history(id, { limit: 1 }),
    onChange: (id, message) => {
      const { newestTime, log } = of.conversation(id);
      if (newestTime !== undefined) call(message); // else it was written before one came
      noteActivity(id, message.seq, message.time, log);
      changes.value++;
    },
  });
}

/** The newest message of a conversation that is known: of an open one the log has it. */
export function newestMessage(id: string): Message | undefined {
  const { timeline } = watch(id);
  const held = timeline.newestMessage;
  const asked = previews.get(id);
  return (asked?.seq ?? 0) > (held?.seq ?? 0) ? asked : held;
}

/** Asks for the newest message of a conversation that is followed. The log of an open one has its own. */
export function wantPreview(id: string): void {
  const { mode, newest, joined, timeline } = chat.conversation(id);
  if (mode === 'followed' && joined && newest > timeline.last) previews.want(id, newest);
}

/**
 * What is unread in all conversations together that are not muted, but the one that is being read, if any, and those
 * never looked at.
 */
export function unreadInAll(read: string | undefined): number {
  return myConversations.value.reduce(
    (sum, { id, muted }) => sum + (muted || id === read ? 0 : unreadIn(watch(id))),
    0,
  );
}

function unreadIn({ unread, readTo }: Conversation): number {
  return readTo === undefined ? 0 : (unread ?? 0);
}

export { isMuted };

/** Begins all of it; called once. */
export function keepLive(): void {
  effect(() => listen(chats.value));
  effect(() => {
    void changes.value; // not each message: a busy conversation must not mean a new list for every one
    untracked(() => batch(() => myConversations.value.forEach(({ id }) => written(id))));
  });
  effect(() => {
    if (entered.value) chats.value.follow(myConversations.value.map(({ id }) => id));
  });
  effect(() => {
    if (connection.value.phase === 'online' && user.value !== '') void catalogue.refresh();
  });
  setInterval(() => document.hidden || !entered.value || void catalogue.refresh(), refreshEvery);
  addEventListener('storage', ({ key }) => changedElsewhere(key));
  addEventListener('pageshow', ({ persisted }) => persisted && changedElsewhere(null)); // nobody told a page put away
  addEventListener('pagehide', saveConversations);
}

/** Another tab has changed what stands under a key of the browser's storage; null: under any of them. */
function changedElsewhere(key: string | null): void {
  selfChangedElsewhere(key);
  conversationsChangedElsewhere(key);
  draftsChangedElsewhere(key);
}

/** Hears the events of one chat until there is another. */
function listen(current: typeof chat): () => void {
  previews.end();
  previews = newPreviews(current);
  return current.on('reset', ({ conversation }) => {
    previews.forget(conversation);
    forgetActivity(conversation);
    keepReply(conversation, undefined); // what a draft answers to may be another message now
  });
}

/** Something of a conversation changed. What was written while nobody looked has no time yet, and is asked for. */
function written(id: string): void {
  const { newest, newestTime, joined, log } = chat.conversation(id);
  const known = myConversations.peek().find((each) => each.id === id);
  if (!known || newest <= lastKnown(known, log)) return;
  if (newestTime !== undefined) noteActivity(id, newest, newestTime, log);
  if (joined && (newestTime === undefined || notifications.peek() === 'on')) wantPreview(id);
}
