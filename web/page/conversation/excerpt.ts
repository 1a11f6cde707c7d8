// A message in one line: for quotes, the list of conversations, and who hears the page.
import type { Message } from '@verbatim/client';
import { strings } from '../strings.ts';
import { plainOf } from './markdown.ts';

const longest = 140; // characters

export function excerptOf({ redacted, text = '' }: Pick<Message, 'redacted' | 'text'>): string {
  if (redacted) return strings.conversation.redacted;
  const beginning = text.slice(0, 4 * longest);
  const letters = [...(plainOf(beginning) || beginning.trim())]; // a rule alone has no words: it is shown as it was written
  return letters.length > longest ? `${letters.slice(0, longest).join('')}…` : letters.join('');
}
