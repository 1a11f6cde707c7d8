// All tabs of a user in one browser are one person, who is called once and by nobody while they look at any of them.
// Tabs know of each other by Web Locks, which the browser lets go of when a tab is gone, however it went. Where there
// are none (a page without https, where no call can be made either), a tab knows of itself alone.
import { effect } from '@preact/signals';
import { keyOf } from '../root.ts';
import { user } from '../state.ts';
import { isWatched, onWatched } from '../watched.ts';

let calls = false; // this tab is the one that calls

const callerOf = (person: string) => keyOf(`caller/${person}`);
const watchedBy = (person: string) => keyOf(`watched/${person}`);

/** Reports whether this tab is to call the person now. */
export async function isToCall(): Promise<boolean> {
  if (isWatched()) return false;
  if (!navigator.locks) return true;
  try {
    const { held = [] } = await navigator.locks.query();
    return calls && !held.some(({ name }) => name === watchedBy(user.peek()));
  } catch {
    return true; // locks are forbidden where storage is: as if alone
  }
}

/** Takes part from now on. */
export function keepTabs(): void {
  const { locks } = navigator;
  if (!locks) return;
  effect(() =>
    user.value === '' ? undefined : hold(locks, callerOf(user.value), 'exclusive', (held) => (calls = held)),
  );
  let letGo: (() => void) | undefined;
  const look = () => {
    letGo?.();
    letGo = isWatched() && user.peek() !== '' ? hold(locks, watchedBy(user.peek()), 'shared', () => {}) : undefined;
  };
  effect(() => {
    void user.value;
    look();
  });
  onWatched(look);
}

/** Waits for a lock and holds it, until the function that this returns is called. */
function hold(locks: LockManager, name: string, mode: LockMode, onHeld: (held: boolean) => void): () => void {
  const over = new AbortController();
  const ended = new Promise<void>((resolve) => over.signal.addEventListener('abort', () => resolve()));
  locks
    .request(name, { mode, signal: over.signal }, () => {
      onHeld(true);
      return ended;
    })
    .catch(() => {}); // it was given up before it was had, or locks are forbidden
  return () => {
    onHeld(false);
    over.abort();
  };
}
