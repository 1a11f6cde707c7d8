// A message in one line: for quotes, the list of conversations, notifications, and who hears the page.
import type { Message } from '@verbatim/client';
import { shorten } from '../graphemes.ts';
import { strings } from '../strings.ts';
import { plainOf } from './markdown.ts';

const longest = 140; // letters

export function excerptOf({ redacted, text = '' }: Pick<Message, 'redacted' | 'text'>, letters = longest): string {
  return redacted ? strings.conversation.redacted : shorten(plainOf(text), letters);
}
