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

/** Hears of what was chosen in another tab, and looks whenever somebody comes: the browser's settings may be others. */
export function keepNotifications(): void {
  const look = () => {
    const stillAsks = notifications.peek() === 'asked' && Notification.permission === 'default';
    if (!stillAsks) notifications.value = now();
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
