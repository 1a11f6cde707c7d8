// Says what comes to who does not see it: each message where they are few, a number where they are many, and never
// without a pause.
import { signal } from '@preact/signals';
import type { Message } from '@verbatim/client';
import { h } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { isOwn } from '../self.ts';
import { chat, user } from '../state.ts';
import { strings } from '../strings.ts';
import { excerptOf } from './excerpt.ts';

const pause = 3_000; // ms between two announcements
const maxRead = 3; // messages that are read out; more are counted

export function Announcer({ id }: { id: string }) {
  const said = useMemo(() => signal(''), [id]);
  useEffect(() => announce(id, (words) => (said.value = words)), [id]);
  return (
    <p class="visually-hidden" role="status" data-testid="announcer">
      {said}
    </p>
  );
}

/** Tells of what comes live from now on, until the function that this gives back is called. */
function announce(id: string, say: (words: string) => void): () => void {
  let waiting: Message[] = [];
  let count = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const speak = () => {
    timer = undefined;
    if (count === 0) return;
    say(wordsFor(waiting, count));
    waiting = [];
    count = 0;
    timer = setTimeout(speak, pause);
  };
  const off = chat.on('message', ({ conversation, message }) => {
    if (conversation !== id || isOwn(message, user.value) || message.seq <= chat.conversation(id).lastAtJoin) return;
    count++;
    waiting = [...waiting, message].slice(-maxRead);
    timer ??= setTimeout(speak);
  });
  return () => {
    off();
    clearTimeout(timer);
  };
}

export function wordsFor(newest: Message[], count: number): string {
  if (count > maxRead) return strings.message.many(count, nameOf(newest.at(-1)!));
  return newest.map((message) => strings.message.said(nameOf(message), excerptOf(message))).join(' ');
}

function nameOf(message: Message): string {
  return message.name ?? message.from;
}
