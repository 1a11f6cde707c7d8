// Calls a person who looks elsewhere: one call for each conversation, which the next one replaces.
import { effect } from '@preact/signals';
import type { Message } from '@verbatim/client';
import { keyOf } from '../root.ts';
import { chats, open, user } from '../state.ts';
import { keepNotifications, notifications } from './setting.ts';
import { isToCall, keepTabs } from './tabs.ts';
import { wordsOf } from './words.ts';

/** Calls for what comes into the open conversation; live.ts does for the others. */
export function keepCalling(): void {
  keepNotifications();
  keepTabs();
  effect(() => chats.value.on('message', ({ message }) => void call(message)));
}

export async function call(message: Message): Promise<void> {
  const isNews = () => message.seq > (chats.peek().conversation(message.conversation).readTo ?? 0);
  if (notifications.peek() !== 'on' || !isNews()) return;
  const words = wordsOf(message, user.peek());
  if (words && (await isToCall()) && isNews()) show(message.conversation, words);
}

function show(conversation: string, { title, body }: { title: string; body: string }): void {
  try {
    const shown = new Notification(title, { body, tag: keyOf(conversation) });
    shown.onclick = () => {
      window.focus();
      open(conversation);
      shown.close();
    };
  } catch {
    // A phone's browser calls from a service worker alone, and this page has none.
  }
}
