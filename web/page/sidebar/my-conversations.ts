// The conversations that a person is in: the page's own list, kept in this browser for each user.
import { signal } from '@preact/signals';
import { isConversationId, type Seq } from '@verbatim/client';
import { keyOf } from '../root.ts';
import { lasting } from '../storage.ts';

export interface MyConversation {
  id: string;
  /** When it was put on the list, and when its newest message that is known of was written (RFC 3339). */
  added: string;
  time?: string;
  /** The seq of that message: what is beyond it was written while the page was closed. */
  last?: Seq;
  /** The log that it means something in. */
  log?: string;
  muted?: boolean;
}

const maxKept = 500; // conversations; a server allows a session a thousand joins
const writeAfter = 1_000; // ms; a busy conversation must not mean a write for each message

export const myConversations = signal<MyConversation[]>([]);
let owner = '';
let timer: ReturnType<typeof setTimeout> | undefined;

const listOf = (user: string) => keyOf(`conversations/${encodeURIComponent(user)}`);

/** Loads the list of a user, and says whether there was one: who left every conversation has an empty one. */
export function loadConversations(user: string): boolean {
  saveConversations();
  owner = user;
  const kept = parse(lasting.getItem(listOf(user)));
  myConversations.value = kept ?? [];
  return kept !== undefined;
}

/** Whether there is a list that is kept for a user. */
export const hasList = (user: string) => lasting.getItem(listOf(user)) !== null;

export function addConversation(id: string, now = new Date()): void {
  if (myConversations.value.some((each) => each.id === id)) return;
  myConversations.value = [...myConversations.value, { id, added: now.toISOString() }].slice(-maxKept);
  saveConversations();
}

export function removeConversation(id: string): void {
  myConversations.value = myConversations.value.filter((each) => each.id !== id);
  saveConversations();
}

export function muteConversation(id: string, muted: boolean): void {
  myConversations.value = myConversations.value.map((each) => (each.id === id ? { ...each, muted } : each));
  saveConversations();
}

export const isMuted = (id: string) => myConversations.value.some((each) => each.id === id && each.muted === true);

/** A message was written: the list is in the order of that. */
export function noteActivity(id: string, last: Seq, time: string, log?: string): void {
  const known = myConversations.value.find((each) => each.id === id);
  if (!known || lastKnown(known, log) >= last) return;
  const noted = { ...known, last, time, ...(log !== undefined && { log }) };
  myConversations.value = myConversations.value.map((each) => (each === known ? noted : each));
  timer ??= setTimeout(saveConversations, writeAfter);
}

/** Up to which seq of a log messages are known of. */
export function lastKnown({ last = 0, log: known }: MyConversation, log: string | undefined): Seq {
  return known !== undefined && log !== undefined && known !== log ? 0 : last;
}

/** The record was replaced: its seqs begin at 1 again, or where an older copy ends. */
export function forgetActivity(id: string): void {
  myConversations.value = myConversations.value.map((each) => {
    if (each.id !== id) return each;
    const { last, log, ...kept } = each;
    return kept;
  });
  timer ??= setTimeout(saveConversations, writeAfter);
}

/** Those with the newest words first. Whoever has just been added stands before what was written earlier. */
export function inOrder(list: MyConversation[]): MyConversation[] {
  return [...list].sort((a, b) => activity(b).localeCompare(activity(a)) || a.id.localeCompare(b.id));
}

const activity = ({ added, time = '' }: MyConversation) => (time > added ? time : added);

/** Writes now what is to be kept: also called as the page is closed. */
export function saveConversations(): void {
  clearTimeout(timer);
  timer = undefined;
  if (owner !== '') lasting.setItem(listOf(owner), JSON.stringify(myConversations.value));
}

/** Another tab has changed what stands under a key; null: under any of them. */
export function conversationsChangedElsewhere(key: string | null): void {
  const list = listOf(owner);
  if (owner !== '' && (key === null || key === list)) myConversations.value = parse(lasting.getItem(list)) ?? [];
}

function parse(value: string | null): MyConversation[] | undefined {
  try {
    const list = JSON.parse(value ?? '') as unknown;
    if (!Array.isArray(list)) return undefined;
    return list.filter(
      (each: Partial<MyConversation>) => isConversationId(String(each?.id)) && typeof each.added === 'string',
    ) as MyConversation[];
  } catch {
    return undefined; // none, or not ours
  }
}
