// Calls a person who looks elsewhere: one call for each conversation, which the next one replaces.
import { effect } from '@preact/signals';
import type { Message } from '@verbatim/client';
import { isMuted } from '../sidebar/own.ts';
import { chats, open, user } from '../state.ts';
import { notifications } from './setting.ts';

const mostShown = 200; // characters; a system cuts it anyway

/** What a call says, or nothing where there is none to make. Its texts are shown as they are, and never as markup. */
export function callFor(message: Message, reader: string, watching: boolean): { title: string; body: string } | undefined {
  if (watching || message.from === reader || message.redacted || isMuted(message.conversation)) return undefined;
  return { title: `${message.name ?? message.from} · ${message.conversation}`, body: (message.text ?? '').slice(0, mostShown) };
}

/** Calls for what comes into the open conversation. */
export function keepCalling(): void {
  effect(() => {
    const current = chats.value;
    return current.on('message', ({ conversation, message }) => {
      const { readTo = 0 } = current.conversation(conversation);
      if (message.seq > readTo) call(message);
    });
  });
}

export function call(message: Message): void {
  if (notifications.peek() !== 'on') return;
  const words = callFor(message, user.peek(), document.visibilityState === 'visible' && document.hasFocus());
  if (!words) return;
  try {
    const shown = new Notification(words.title, { body: words.body, tag: message.conversation });
    shown.onclick = () => {
      window.focus();
      open(message.conversation);
      shown.close();
    };
  } catch {
    // A phone's browser calls from a service worker alone, and this page has none.
  }
}
