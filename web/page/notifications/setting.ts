// Whether the page may call somebody who looks elsewhere. The browser is asked on a press, and never before.
import { signal } from '@preact/signals';
import { lasting } from '../storage.ts';

/** `refused` is the browser's no; `absent` where it has none of this. */
export type Notifying = 'on' | 'off' | 'refused' | 'absent';

const key = 'verbatim.notifications';

export const notifications = signal<Notifying>(now());

function now(): Notifying {
  if (!('Notification' in globalThis)) return 'absent';
  if (Notification.permission === 'denied') return 'refused';
  return Notification.permission === 'granted' && lasting.getItem(key) === 'on' ? 'on' : 'off';
}

export async function setNotifications(on: boolean): Promise<void> {
  lasting.setItem(key, on ? 'on' : 'off');
  if (on && Notification.permission === 'default') await Notification.requestPermission();
  notifications.value = now();
}
