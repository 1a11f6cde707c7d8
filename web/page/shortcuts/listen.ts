// Listens to the keys of the whole page.

import { narrow } from '../breakpoint.ts';
import { openDialog } from '../dialog/open-dialog.ts';
import { hidePeopleOver, peopleShown } from '../head/people-shown.ts';
import { inOrder, isMuted, myConversations } from '../sidebar/my-conversations.ts';
import { chat, entered, here, listAlone, listShown, open, showList } from '../state.ts';
import { type Action, actionOf } from './keys.ts';

const drawn = 50; // ms; by then the part that is to have the focus is shown (see main.tsx)

export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    if (!entered.peek() || event.defaultPrevented || event.isComposing) return;
    const action = actionOf(event, isWriting(event.target));
    // a dialog has its own keys
    if (action === undefined || (openDialog.peek() !== undefined && action !== 'help')) return;
    if (does[action]() !== false) event.preventDefault();
  });
}

const isWriting = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.matches('input, textarea, [contenteditable]');

/** What each does; false where there was nothing to do, and the key keeps its own meaning. */
const does: Record<Action, () => void | false> = {
  search: () => {
    if (narrow.peek() && !listShown.peek()) showList();
    setTimeout(() => focus('#search'), drawn);
  },
  next: () => step(1, () => true),
  previous: () => step(-1, () => true),
  nextUnread: () => step(1, isUnread),
  previousUnread: () => step(-1, isUnread),
  back,
  people: () => void (peopleShown.value = !peopleShown.peek()),
  help: () => void (openDialog.value = openDialog.peek() === undefined ? 'help' : undefined),
  settings: () => void (openDialog.value = 'settings'),
};

/** From wherever one is, back to the place to write. */
function back(): void | false {
  if (listAlone.peek()) listShown.value = false;
  else hidePeopleOver();
  setTimeout(() => focus('#message'), drawn);
}

const isUnread = (id: string) => chat.conversation(id).unread !== 0 && chat.conversation(id).newest > 0 && !isMuted(id);

/** Opens the next of one's own, round and round, that is wanted. */
function step(by: 1 | -1, wanted: (id: string) => boolean): void {
  const ids = inOrder(myConversations.peek()).map(({ id }) => id);
  const at = ids.indexOf(here.peek());
  for (let n = 1; n <= ids.length; n++) {
    const id = ids[(at + by * n + ids.length * 2) % ids.length]!;
    if (id !== here.peek() && wanted(id)) return open(id);
  }
}

function focus(what: string): void {
  document.querySelector<HTMLElement>(what)?.focus();
}
