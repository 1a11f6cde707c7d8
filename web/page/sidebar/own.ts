// The conversations that a person is in: the page's own list, kept in this browser for each user.
import { signal } from '@preact/signals';
import { isConversationId, type Seq } from '@verbatim/client';
import { keyOf } from '../root.ts';
import { lasting } from '../storage.ts';

export interface Own {
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

const mostKept = 500; // conversations; a server allows a session a thousand joins
const writeAfter = 1_000; // ms; a busy conversation must not mean a write for each message

export const own = signal<Own[]>([]);
let owner = '';
let timer: ReturnType<typeof setTimeout> | undefined;

const listOf = (user: string) => keyOf(`conversations/${encodeURIComponent(user)}`);

/** Loads the list of a user, and says whether there was one: who left every conversation has an empty one. */
export function loadOwn(user: string): boolean {
  saveOwn();
  owner = user;
  const kept = parse(lasting.getItem(listOf(user)));
  own.value = kept ?? [];
  return kept !== undefined;
}

/** Whether there is a list that is kept for a user. */
export const hasList = (user: string) => lasting.getItem(listOf(user)) !== null;

export function addOwn(id: string, now = new Date()): void {
  if (own.value.some((each) => each.id === id)) return;
  own.value = [...own.value, { id, added: now.toISOString() }].slice(-mostKept);
  saveOwn();
}

export function removeOwn(id: string): void {
  own.value = own.value.filter((each) => each.id !== id);
  saveOwn();
}

export function muteOwn(id: string, muted: boolean): void {
  own.value = own.value.map((each) => (each.id === id ? { ...each, muted } : each));
  saveOwn();
}

export const isMuted = (id: string) => own.value.some((each) => each.id === id && each.muted === true);

/** A message was written: the list is in the order of that. */
export function noteActivity(id: string, last: Seq, time: string, log?: string): void {
  const known = own.value.find((each) => each.id === id);
  if (!known || lastKnown(known, log) >= last) return;
  const noted = { ...known, last, time, ...(log !== undefined && { log }) };
  own.value = own.value.map((each) => (each === known ? noted : each));
  timer ??= setTimeout(saveOwn, writeAfter);
}

/** Up to which seq of a log messages are known of. */
export function lastKnown({ last = 0, log: known }: Own, log: string | undefined): Seq {
  return known !== undefined && log !== undefined && known !== log ? 0 : last;
}

/** The record was replaced: its seqs begin at 1 again, or where an older copy ends. */
export function forgetActivity(id: string): void {
  own.value = own.value.map((each) => {
    if (each.id !== id) return each;
    const { last, log, ...kept } = each;
    return kept;
  });
  timer ??= setTimeout(saveOwn, writeAfter);
}

/** Those with the newest words first. Whoever has just been added stands before what was written earlier. */
export function inOrder(list: Own[]): Own[] {
  return [...list].sort((a, b) => activity(b).localeCompare(activity(a)) || a.id.localeCompare(b.id));
}

const activity = ({ added, time = '' }: Own) => (time > added ? time : added);

/** Writes now what is to be kept: also called as the page is closed. */
export function saveOwn(): void {
  clearTimeout(timer);
  timer = undefined;
  if (owner !== '') lasting.setItem(listOf(owner), JSON.stringify(own.value));
}

/** Another tab has changed what stands under a key; null: under any of them. */
export function ownChangedElsewhere(key: string | null): void {
  const list = listOf(owner);
  if (owner !== '' && (key === null || key === list)) own.value = parse(lasting.getItem(list)) ?? [];
}

function parse(value: string | null): Own[] | undefined {
  try {
    const list = JSON.parse(value ?? '') as unknown;
    if (!Array.isArray(list)) return undefined;
    return list.filter(
      (each: Partial<Own>) => isConversationId(String(each?.id)) && typeof each.added === 'string',
    ) as Own[];
  } catch {
    return undefined; // none, or not ours
  }
}
