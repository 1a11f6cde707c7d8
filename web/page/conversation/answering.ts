// Which message the next one answers to, for each conversation.
import { signal, type Signal } from '@preact/signals';
import type { Message, Seq } from '@verbatim/client';
import { chat } from '../state.ts';

const answered = new Map<string, Signal<Message | undefined>>();

/** The message that what is being written in a conversation answers to. */
export function answering(id: string): Signal<Message | undefined> {
  let message = answered.get(id);
  if (!message) answered.set(id, message = signal(undefined));
  return message;
}

/** Begins an answer to a message that is held: the composer has the word now. */
export function answer(id: string, seq: Seq): void {
  const message = chat.conversation(id).timeline.find(seq);
  if (!message || message.redacted) return;
  answering(id).value = message;
  document.getElementById('message')?.focus();
}

/** The seq to answer to, which is then done with. */
export function takeTarget(id: string): Seq | undefined {
  const message = answering(id).value;
  answering(id).value = undefined;
  return message?.seq;
}
