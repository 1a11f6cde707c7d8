// Who one is in this browser. On an open server a name is all that one has, and people change it: what was written under an
// earlier one stays theirs, and the list, the drafts and what is muted go with the person, not with the name.
import { signal } from '@preact/signals';
import { keyOf } from './root.ts';
import { lasting } from './storage.ts';

interface Name {
  name: string;
  /** When the person took another one (RFC 3339); absent while it is in use. */
  until?: string;
}

interface Self {
  /** What the browser's storage knows them by: their first name here. */
  id: string;
  names: Name[];
}

const key = keyOf('people');
const known = signal<Self[]>(load());
const current = signal<Self>({ id: '', names: [] });

/** What the storage knows a person by who goes by this name now. */
export function goesBy(name: string): string {
  current.value = find(name) ?? { id: name, names: [{ name }] };
  return current.value.id;
}

/** The person who goes by one name takes another. One that is known here is somebody already, and stays who it is. */
export function takesName(old: string, name: string, now = new Date()): void {
  const self = find(old) ?? { id: old, names: [{ name: old }] };
  if (old === '' || old === name || (find(name) ?? self).id !== self.id) return;
  const others = self.names.filter((each) => each.name !== name).map((each) => ({ until: now.toISOString(), ...each }));
  keep({ ...self, names: [...others, { name }] });
}

/** Whether a message is one's own: of the name that one goes by, or of an earlier one while one went by that. */
export function isOwn({ from, time }: { from: string; time: string }, user: string): boolean {
  if (from === user) return true;
  const former = current.value.names.find(({ name }) => name === from);
  return former !== undefined && (former.until === undefined || Date.parse(time) <= Date.parse(former.until));
}

/** Another tab has changed who goes by what. */
export function selfChangedElsewhere(changed: string | null): void {
  if (changed !== null && changed !== key) return;
  known.value = load();
  current.value = known.value.find(({ id }) => id === current.value.id) ?? current.value;
}

function find(name: string): Self | undefined {
  return known.value.find(({ names }) => names.some((each) => each.name === name));
}

function keep(self: Self): void {
  known.value = [...known.value.filter(({ id }) => id !== self.id), self];
  lasting.setItem(key, JSON.stringify(known.value));
}

function load(): Self[] {
  try {
    const list = JSON.parse(lasting.getItem(key) ?? '[]') as Self[];
    return list.filter(({ id, names }) => typeof id === 'string' && names.every(({ name }) => typeof name === 'string'));
  } catch {
    return []; // not ours
  }
}
