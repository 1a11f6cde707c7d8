// Who one is in this browser. On an open server a name is all that one has, and people change it: what was written
// under an earlier one stays theirs, and the list, the drafts and what is muted go with the person, not with the name.
import { signal } from '@preact/signals';
import { keyOf } from './root.ts';
import { hasList } from './sidebar/my-conversations.ts';
import { lasting } from './storage.ts';
import { serverNow } from './time.ts';

interface Name {
  name: string;
  /** Since when it is this person's (RFC 3339), where somebody else here went by it before. */
  since?: string;
  /** When the person took another one; absent while it is in use. */
  until?: string;
}

interface Self {
  /** What the browser's storage knows them by: their first name here, with a number where that was another person's. */
  id: string;
  names: Name[];
}

const key = keyOf('people');
const known = signal<Self[]>(load());
const current = signal<Self>({ id: '', names: [] });

/** What the storage knows a person by who goes by this name now. */
export function goesBy(name: string): string {
  current.value = personOf(name);
  return current.value.id;
}

/** The person who goes by one name takes another. One that is somebody here already stays theirs. */
export function takesName(old: string, name: string, now = serverNow()): void {
  const self = personOf(old);
  if (old === '' || old === name || isSomebodyElse(name, self)) return;
  const others = self.names.filter((each) => each.name !== name).map((each) => ({ until: now.toISOString(), ...each }));
  keep({ ...self, names: [...others, newName(name, self, now)] });
}

/** Somebody else takes a name here: what is kept stays with who was here before. */
export function partsFrom(old: string, name: string, now = serverNow()): void {
  if (old === '' || old === name) return;
  keep(personOf(old));
  if (holderOf(name)) return;
  if (hasListOfItsOwn(name)) keep({ id: name, names: [{ name }] });
  else keep({ id: freeId(name), names: [newName(name, undefined, now)] });
}

/** Whether a message is one's own: of the name that one goes by, or of an earlier one while one went by that. */
export function isOwn({ from, time }: { from: string; time: string }, user: string): boolean {
  const mine = current.value.names.find(({ name }) => name === from);
  if (!mine) return from === user;
  const at = Date.parse(time);
  return (
    (mine.since === undefined || at >= Date.parse(mine.since)) &&
    (mine.until === undefined || from === user || at <= Date.parse(mine.until))
  );
}

/** Whether a name stands for oneself: it is in use, or an earlier one that nobody else here has taken. */
export function isOwnName(name: string, user: string): boolean {
  if (name === user) return true;
  const { id, names } = current.value;
  return names.some((each) => each.name === name) && (holderOf(name)?.id ?? id) === id;
}

/** Another tab has changed who goes by what. */
export function selfChangedElsewhere(changed: string | null): void {
  if (changed !== null && changed !== key) return;
  known.value = load();
  current.value = known.value.find(({ id }) => id === current.value.id) ?? current.value;
}

/** Who goes by a name; else who did last; else somebody who is new here. */
function personOf(name: string): Self {
  return holderOf(name) ?? formerOf(name) ?? { id: name, names: [{ name }] };
}

function holderOf(name: string): Self | undefined {
  return known.value.find(({ names }) => names.some((each) => each.name === name && each.until === undefined));
}

function formerOf(name: string): Self | undefined {
  const until = (self: Self) => self.names.find((each) => each.name === name)?.until ?? '';
  const former = known.value.filter((self) => until(self) !== '');
  return former.sort((a, b) => until(b).localeCompare(until(a)))[0];
}

function isSomebodyElse(name: string, self: Self): boolean {
  const holder = holderOf(name);
  return holder ? holder.id !== self.id : hasListOfItsOwn(name);
}

/** Whether something is kept under a name and is nobody's who is known: versions before this one knew of no persons. */
const hasListOfItsOwn = (name: string) => !known.value.some(({ id }) => id === name) && hasList(name);

/** A name as it is in use from now on; since when, where it was another person's. */
function newName(name: string, self: Self | undefined, now: Date): Name {
  const before = self?.names.find((each) => each.name === name);
  const since = before ? before.since : formerOf(name) && now.toISOString();
  return { name, ...(since !== undefined && { since }) };
}

/** Two blanks stand in no name, so that this is never another name's. */
function freeId(name: string): string {
  let id = name;
  for (let number = 2; hasList(id) || known.value.some((each) => each.id === id); number++) id = `${name}  ${number}`;
  return id;
}

function keep(self: Self): void {
  known.value = [...known.value.filter(({ id }) => id !== self.id), self];
  lasting.setItem(key, JSON.stringify(known.value));
}

function load(): Self[] {
  try {
    const list = JSON.parse(lasting.getItem(key) ?? '[]') as Self[];
    return list.filter(
      ({ id, names }) => typeof id === 'string' && names.every(({ name }) => typeof name === 'string'),
    );
  } catch {
    return []; // not ours
  }
}
