// Which message the next one answers to, for each conversation. It is part of the draft, and stays over a reload as
// that does.
import type { Seq } from '@verbatim/client';
import { keepReply, type Reply, replyOf } from '../drafts.ts';
import { chat, watch } from '../state.ts';
import { excerptOf } from './excerpt.ts';

/**
 * The message that what is being written in a conversation answers to; none where its record was replaced meanwhile.
 */
export function replying(id: string): Reply | undefined {
  const answered = replyOf(id);
  const { log } = watch(id);
  return answered?.log !== undefined && log !== undefined && answered.log !== log ? undefined : answered;
}

/** Begins an answer to a message that is held: the composer has the word now. */
export function reply(id: string, seq: Seq): void {
  const { log, timeline } = chat.conversation(id);
  const message = timeline.find(seq);
  if (!message || message.redacted) return;
  keepReply(id, { log, seq, author: message.name ?? message.from, text: excerptOf(message) });
  document.getElementById('message')?.focus();
}

/** Gives an answer up: what is written is a message of its own again. */
export function cancelReply(id: string): void {
  keepReply(id, undefined);
  document.getElementById('message')?.focus();
}

/** The seq to answer to, which is then done with. */
export function takeTarget(id: string): Seq | undefined {
  const answered = replying(id);
  keepReply(id, undefined);
  return answered?.seq;
}
