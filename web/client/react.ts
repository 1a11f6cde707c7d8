// The client for React, 18 or newer: what it knows as state that components draw. A snapshot is one object until
// something changes, and another one then, so that React draws what changed and nothing else.
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react';
import { Chat, type ChatOptions, type SendOptions } from './chat.ts';
import type { OutboxItem } from './outbox-item.ts';
import type { ConnectionState, Timer } from './page-connection.ts';
import type { Seq } from './protocol.ts';
import { type ConversationSnapshot, nothing, snapshotOf } from './react-snapshot.ts';
import { type Begun, stay, type UseConversationOptions } from './react-stay.ts';

export type { ConversationSnapshot } from './react-snapshot.ts';
export type { UseConversationOptions } from './react-stay.ts';

const Context = createContext<Chat | undefined>(undefined);
const flush = 5_000; // ms that a chat may go on for what waits, after its component is gone
const drawEvery = 16; // ms at least between drawings of what nobody waits for
const stopped: ConnectionState = { phase: 'stopped' };

/** Gives its children a chat, so that their hooks need not be told which. */
export function ChatProvider({ chat, children }: { chat: Chat; children?: ReactNode }): ReactElement {
  return createElement(Context.Provider, { value: chat }, children);
}

/**
 * With options: a chat of this component's own, connected while it is mounted (what waits then has up to 5 s more), and
 * another one where the `url`, the `name` or the `token` is another. Other options are read once. Without: the one of
 * the ChatProvider around it.
 */
export function useChat(options?: ChatOptions): Chat {
  const given = useContext(Context);
  const key =
    options && JSON.stringify([options.name, options.token, typeof options.url === 'string' ? options.url : undefined]);
  const [made, setMade] = useState(() => ({ key, chat: options && new Chat(options) }));
  let mine = made;
  if (made.key !== key) setMade((mine = { key, chat: options && new Chat(options) }));
  const { chat } = mine;
  useEffect(() => {
    if (!chat) return undefined;
    chat.connect();
    return () => void chat.close({ flush });
  }, [chat]);
  return need(chat ?? given);
}

/**
 * How the connection of a chat is: that of the ChatProvider, where none is given. While a server renders, it is
 * `stopped`.
 */
export function useConnection(chat?: Chat): ConnectionState {
  const around = useContext(Context);
  const used = need(chat ?? around);
  const subscribe = useMemo(() => (changed: () => void) => used.on('state', changed), [used]);
  return useSyncExternalStore(
    subscribe,
    () => used.connection.state,
    () => stopped,
  );
}

/** A conversation as it is now, and what one does in it. The functions are the same at each drawing. */
export interface UsedConversation extends ConversationSnapshot {
  send(text: string, options?: SendOptions): OutboxItem;
  retry(item: OutboxItem): void;
  discard(item: OutboxItem): void;
  /** The user is typing: to be called at each key, told now and then. */
  typing(): void;
  markRead(seq: Seq): void;
  loadOlder(): void;
  loadNewer(): void;
}

/**
 * A conversation, joined while any component shows it. The chat may stand before its id; it is that of the ChatProvider
 * otherwise. The options are read when it is joined, which the first component that shows it does; with another `key`
 * that is another component, which joins where its own options say.
 */
export function useConversation(id: string, options?: UseConversationOptions): UsedConversation;
export function useConversation(chat: Chat, id: string, options?: UseConversationOptions): UsedConversation;
export function useConversation(
  first: Chat | string,
  second?: string | UseConversationOptions,
  third?: UseConversationOptions,
): UsedConversation {
  const around = useContext(Context);
  const [given, id, options] =
    typeof first === 'string'
      ? [around, first, second as UseConversationOptions | undefined]
      : [first, second as string, third];
  const chat = need(given);
  const [begun] = useState<Begun>(() => new Set());
  const follow = options?.follow === true;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the other options say where it begins, and count once
  useEffect(() => stay(chat.conversation(id), options, begun), [chat, id, follow]);
  const subscribe = useMemo(() => (changed: () => void) => watch(chat, id, changed), [chat, id]);
  const snapshot = useSyncExternalStore(
    subscribe,
    () => snapshotOf(chat, id),
    () => nothing,
  );
  const actions = useMemo(() => actionsOf(chat, id), [chat, id]);
  return useMemo(() => ({ ...snapshot, ...actions }), [snapshot, actions]);
}

/** Calls at once for what somebody waits for, and for the first of what merely happens; soon, once, for the rest. */
function watch(chat: Chat, id: string, changed: () => void): () => void {
  let due = false;
  let timer: Timer;
  const tell = () => {
    clearTimeout(timer);
    timer = setTimeout(rest, drawEvery);
    due = false;
    changed();
  };
  const rest = () => {
    timer = undefined;
    if (due) tell();
  };
  const note = (conversation: string, awaited: boolean) => {
    if (conversation !== id) return;
    due = true;
    if (awaited || timer === undefined) tell();
  };
  const off = [
    chat.on('change', ({ conversation, awaited }) => note(conversation, awaited)),
    chat.on('reset', ({ conversation }) => note(conversation, true)),
  ];
  return () => {
    clearTimeout(timer);
    off.forEach((stop) => stop());
  };
}

type Actions = Omit<UsedConversation, keyof ConversationSnapshot>;

function actionsOf(chat: Chat, id: string): Actions {
  const conversation = () => chat.conversation(id);
  return {
    send: (text, options) => chat.send(id, text, options),
    retry: (item) => chat.retry(item),
    discard: (item) => chat.discard(item),
    typing: () => conversation().typing(),
    markRead: (seq) => conversation().markRead(seq),
    loadOlder: () => conversation().loadOlder(),
    loadNewer: () => conversation().loadNewer(),
  };
}

function need(chat: Chat | undefined): Chat {
  if (chat) return chat;
  throw new Error('there is no chat here: give the hook one, or put a ChatProvider around the component');
}
