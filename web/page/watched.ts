// Whether somebody looks at this tab, and so reads what stands in it.
import { signal } from '@preact/signals';
import { listAlone } from './state.ts';

/** Whether the person looks at this tab: it has the focus, and is not hidden. */
export const isWatched = (): boolean => !document.hidden && document.hasFocus();

const told = signal(isWatched()); // by the browser's events

/** Whether the open conversation is read: on a phone the list may stand before it. */
export function isRead(): boolean {
  void told.value; // who draws by it is told of the next change
  return isWatched() && !listAlone.value;
}

/** Calls back whenever that may have changed. */
export function onWatched(look: () => void): void {
  for (const event of ['focus', 'blur', 'pageshow']) addEventListener(event, look);
  document.addEventListener('visibilitychange', look);
}

onWatched(() => (told.value = isWatched()));
