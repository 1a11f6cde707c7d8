// What the page shows, as signals; what a person can do, as functions. Components read these and hold little of their
// own.
import { batch, computed, type Signal, signal } from '@preact/signals';
import { type ConnectionState, type Conversation, closeCode, type Limits } from '@verbatim/client';
import { PageChat } from '../client/page-chat.ts'; // the client's own Chat has what programs need besides
import { conversationOf, defaultConversation, isConversationId, pathOf, socketAddress, tokenOf } from './address.ts';
import { narrow } from './breakpoint.ts';
import { closeOver } from './dialog/over.ts';
import { loadDrafts } from './drafts.ts';
import { keepName, name } from './name.ts';
import { root } from './root.ts';
import { goesBy, partsFrom, takesName } from './self.ts';
import {
  addConversation,
  inOrder,
  loadConversations,
  myConversations,
  removeConversation,
} from './sidebar/my-conversations.ts';
import { answered, offline } from './status/network.ts';
import { notify } from './status/notice.ts';
import { findObstacle, neverOpened, noObstacle } from './status/obstacle.ts';
import { whenStill } from './steps.ts';
import { strings } from './strings.ts';
import { Throttle } from './throttle.ts';
import { serverSays } from './time.ts';

export { name };
/** Why the server does not take the name that was chosen; empty where it does. */
export const nameRefused = signal('');
export const token = tokenOf(location.hash);
/** Whether somebody is chatting, or still to choose a name. */
export const entered = signal(name.value !== '' || token !== undefined);
/** The conversation that is open; empty where none is. */
export const here = signal(conversationOf(location.pathname) ?? '');
export const connection = signal<ConnectionState>({ phase: 'stopped' });
export const limits = signal<Limits | undefined>(undefined);
/** Whether what is written now is sent now, as far as is known. */
export const connected = computed(() => connection.value.phase === 'online' && !offline.value);
/** The user as the server knows them. */
export const user = signal('');
/** Counts the changes of all conversations, which are plain objects: who shows many of them reads this to be told. */
export const changes = signal(0);
const changesOf = new Map<string, Signal<number>>(); // by conversation; a busy one must not redraw the others
export const valid = computed(() => isConversationId(here.value));
/** Whether the list is asked for; where there is room for both, that changes nothing. */
export const listShown = signal(history.state?.list === true);
/** Whether the list is all that is shown, on a phone. */
export const listAlone = computed(() => narrow.value && listShown.value);

/** Whether what waits to be sent outlives this page. */
export const kept = signal(true);

export let chat = newChat();
/** The same, for who must hear its events: another one comes with another name. */
export const chats = signal(chat);

function newChat(): PageChat {
  const made = new PageChat({
    url: socketAddress(root, undefined),
    get name() {
      return name.value || undefined;
    }, // with a token too: an open server knows nothing of that
    token,
  });
  made.on('state', entersState);
  made.on('change', ({ conversation, awaited }) =>
    awaited ? throttle.now(conversation) : throttle.note(conversation),
  );
  made.on('reset', ({ conversation }) => notify(strings.conversation.reset(conversation)));
  kept.value = true;
  made.on('storage', (state) => {
    kept.value = state.lasting;
    if (!state.lasting) notify(strings.notice.storage(state.reason));
  });
  made.on('problem', ({ reason }) => notify(reason));
  return made;
}

function entersState(state: ConnectionState): void {
  const before = connection.value.phase;
  connection.value = state;
  if (state.phase === 'waiting' && before === 'connecting' && state.code === neverOpened)
    void findObstacle(new URL('ws', root));
  else if (state.phase !== 'connecting') noObstacle();
  if (state.phase === 'online') {
    answered(chat.connection);
    serverSays(state.welcome.now);
    limits.value = state.welcome.limits;
    user.value = state.welcome.user;
    nameRefused.value = '';
    if (token === undefined && name.value !== state.welcome.user) rename(state.welcome.user);
  }
  if (state.phase === 'refused' && state.code === closeCode.policy && user.value === '') {
    nameRefused.value = state.reason;
    changeName();
  }
  for (const id of changesOf.keys()) throttle.note(id);
}

const throttle = new Throttle((ids) =>
  batch(() => {
    changes.value++;
    for (const id of ids) changeOf(id).value++;
  }),
);

/** Counts the changes of one conversation. */
export function changeOf(id: string): Signal<number> {
  let change = changesOf.get(id);
  if (!change) changesOf.set(id, (change = signal(0)));
  return change;
}

/** Starts chatting under a name: as who was here before, or as somebody else. */
export function enter(chosen: string, asBefore: boolean): void {
  nameRefused.value = '';
  (asBefore ? takesName : partsFrom)(name.value, chosen);
  keepName(chosen);
  start();
}

/**
 * Takes the name that the server says, where its Unicode knows more than this browser's: what is kept here is kept
 * under that.
 */
function rename(known: string): void {
  takesName(name.value, known);
  keepName(known);
  loadKept();
  if (valid.value) addConversation(here.value);
}

/** Loads what this browser keeps for the person, and reports whether there was a list. */
function loadKept(): boolean {
  const self = goesBy(name.value);
  loadDrafts(self);
  return loadConversations(self);
}

/** Connects, and opens the conversation that the address names; else the one with the newest words. */
export function start(): void {
  const known = loadKept();
  entered.value = true; // only now: what is on the list is followed
  if (here.value === '') {
    here.value = inOrder(myConversations.value)[0]?.id ?? (known ? '' : defaultConversation);
    listShown.value = known; // who comes back chooses; who is new is led in
    history.replaceState({ list: known }, '', here.value ? pathOf(here.value) + location.hash : null);
  }
  if (valid.value) show(here.value, listShown.value);
  chat.connection.start();
}

/** Goes back to choosing a name. What is not acknowledged stays with the old one. */
export function changeName(): void {
  chat.connection.stop();
  entered.value = false; // first: the next chat follows nothing of this person's
  chats.value = chat = newChat();
  user.value = '';
  listShown.value = false;
}

/** Opens a conversation, and keeps it in the address so that a reload or a link comes back to it. */
export function open(id: string): void {
  closeOver();
  const fromList = listAlone.value;
  if (id !== here.value || fromList) whenStill(() => history.pushState({ fromList }, '', pathOf(id) + location.hash));
  show(id);
}

/** Shows what the address names: a conversation, or on a phone the list. */
export function show(id: string, list = false): void {
  here.value = id;
  listShown.value = list;
  if (!isConversationId(id)) return;
  addConversation(id);
  chat.open(id);
}

/** Shows the list on a phone: one step back where one came from there. */
export function showList(): void {
  closeOver();
  whenStill(() => {
    if (history.state?.fromList === true) return history.back();
    history.pushState({ list: true }, '');
    listShown.value = true;
  });
}

/** Takes a conversation off the list, and hears nothing of it from now on. Its record stays. */
export function leave(id: string): void {
  chat.leave(id);
  removeConversation(id);
  notify(strings.conversation.leftIt(id));
  if (id !== here.value) return;
  const next = inOrder(myConversations.value)[0]?.id ?? '';
  closeOver();
  whenStill(() => history.replaceState(history.state, '', (next ? pathOf(next) : root.pathname) + location.hash));
  show(next, listShown.value);
}

/**
 * A conversation, and a promise to show its changes. Each component that shows one calls this itself: handed down
 * as a prop it would be the same object as before, and nothing would be drawn.
 */
export function watch(id: string): Conversation {
  void changeOf(id).value;
  return chat.conversation(id);
}
