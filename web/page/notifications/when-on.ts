// What makes the calls (call.ts) is loaded where notifications are on: most people never turn them on.
import { effect } from '@preact/signals';
import type { Message } from '@verbatim/client';
import { chats } from '../state.ts';
import { keepNotifications, notifications } from './setting.ts';

let calls: Promise<typeof import('./call.ts') | undefined> | undefined;

/** Calls for what comes into the open conversation; live.ts does for the others. Called once. */
export function keepCalling(): void {
  keepNotifications();
  effect(() => {
    if (notifications.value === 'on') void load();
  });
  effect(() => chats.value.on('message', ({ message }) => call(message)));
}

/** Calls the person, where that is on and they look elsewhere. */
export function call(message: Message): void {
  if (notifications.peek() === 'on') void load().then((loaded) => loaded?.call(message));
}

function load(): NonNullable<typeof calls> {
  calls ??= import('./call.ts').then(
    (loaded) => {
      loaded.keepTabs(); // who calls is decided among the tabs from now on
      return loaded;
    },
    () => (calls = undefined), // no network: with the next message it is tried again
  );
  return calls;
}
