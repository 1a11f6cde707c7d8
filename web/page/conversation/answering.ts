// Which message the next one answers to, for each conversation. It is part of the draft, and stays over a reload as
// that does.
import type { Seq } from '@verbatim/client';
import { type Answered, answeredOf, keepAnswered } from '../drafts.ts';
import { chat, watch } from '../state.ts';
import { excerptOf } from './excerpt.ts';

/**
 * The message that what is being written in a conversation answers to; none where its record was replaced meanwhile.
 */
export function answering(id: string): Answered | undefined {
  const answered = answeredOf(id);
  const { log } = watch(id);
  return answered?.log !== undefined && log !== undefined && answered.log !== log ? undefined : answered;
}

/** Begins an answer to a message that is held: the composer has the word now. */
export function answer(id: string, seq: Seq): void {
  const { log, timeline } = chat.conversation(id);
  const message = timeline.find(seq);
  if (!message || message.redacted) return;
  keepAnswered(id, { log, seq, author: message.name ?? message.from, text: excerptOf(message) });
  document.getElementById('message')?.focus();
}

/** Gives an answer up: what is written is a message of its own again. */
export function giveUpAnswer(id: string): void {
  keepAnswered(id, undefined);
  document.getElementById('message')?.focus();
}

/** The seq to answer to, which is then done with. */
export function takeTarget(id: string): Seq | undefined {
  const answered = answering(id);
  keepAnswered(id, undefined);
  return answered?.seq;
}
