// Whether the page may call somebody who looks elsewhere. The browser is asked on a press, and never before.
import { signal } from '@preact/signals';
import { lasting } from '../storage.ts';

/** `asked` is the browser's question without an answer yet, `refused` its no; `absent` where it has none of this. */
export type Notifying = 'on' | 'off' | 'asked' | 'refused' | 'absent';

const key = 'verbatim.notifications';

export const notifications = signal<Notifying>(now());

function now(): Notifying {
  if (!('Notification' in globalThis)) return 'absent';
  if (Notification.permission === 'denied') return 'refused';
  return Notification.permission === 'granted' && lasting.getItem(key) === 'on' ? 'on' : 'off';
}

/** Hears of what was chosen in another tab, and looks again whenever somebody comes: nobody tells of the browser's own settings. */
export function keepNotifications(): void {
  const look = () => {
    const state = now();
    if (state === 'off' && notifications.peek() === 'asked' && Notification.permission === 'default') return; // it still asks
    notifications.value = state;
  };
  addEventListener('storage', ({ key: changed }) => (changed === null || changed === key) && look());
  for (const event of ['focus', 'pageshow']) addEventListener(event, look);
}

export async function setNotifications(on: boolean): Promise<void> {
  lasting.setItem(key, on ? 'on' : 'off');
  if (on && Notification.permission === 'default') {
    notifications.value = 'asked';
    await Notification.requestPermission(); // which waits as long as the person does
  }
  notifications.value = now();
}
