// Calls a person who looks elsewhere: one call for each conversation, which the next one replaces.
import type { Message } from '@verbatim/client';
import { keyOf } from '../root.ts';
import { chats, open, user } from '../state.ts';
import { notifications } from './setting.ts';
import { isToCall } from './tabs.ts';
import { wordsOf } from './words.ts';

export { keepTabs } from './tabs.ts';

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
