// Calls a person who looks elsewhere: one call for each conversation, which the next one replaces.
import { effect } from '@preact/signals';
import type { Message } from '@verbatim/client';
import { keyOf } from '../root.ts';
import { chats, open, user } from '../state.ts';
import { notifications } from './setting.ts';
import { wordsOf } from './words.ts';

/** Calls for what comes into the open conversation; live.ts does for the others. */
export function keepCalling(): void {
  effect(() => chats.value.on('message', ({ message }) => call(message)));
}

export function call(message: Message): void {
  const { readTo = 0 } = chats.peek().conversation(message.conversation);
  if (notifications.peek() !== 'on' || message.seq <= readTo) return;
  const words = wordsOf(message, user.peek(), !document.hidden && document.hasFocus());
  if (words) show(message.conversation, words);
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
