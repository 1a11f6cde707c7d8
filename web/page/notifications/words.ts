// What a call says. Its texts are shown as they are, and never as markup.
import type { Message } from '@verbatim/client';
import { excerptOf } from '../conversation/excerpt.ts';
import { isOwn } from '../self.ts';
import { isMuted } from '../sidebar/my-conversations.ts';

const maxShown = 200; // letters; a system shows fewer

/** Nothing where there is none to make: the reader wrote it, or wants to hear nothing of it. */
export function wordsOf(message: Message, reader: string): { title: string; body: string } | undefined {
  if (isOwn(message, reader) || message.redacted || isMuted(message.conversation)) return undefined;
  return { title: `${message.name ?? message.from} · ${message.conversation}`, body: excerptOf(message, maxShown) };
}
