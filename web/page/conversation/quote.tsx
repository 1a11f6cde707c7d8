// The message that another one answers to, in short, above it. Pressing it leads there.
import { type Signal, signal } from '@preact/signals';
import type { Message, Seq } from '@verbatim/client';
import { h } from 'preact';
import { useEffect } from 'preact/hooks';
import { chat } from '../state.ts';
import { hueIn, inHue } from '../status/hues.ts';
import { strings } from '../strings.ts';
import { excerptOf } from './excerpt.ts';
import type { LogController } from './log-controller.ts';

const maxKept = 500; // quotes

type Quoted = Signal<Message | 'loading' | 'unknown'>;
const quotes = new Map<string, Quoted>(); // by log and seq; of messages that are not held

export function Quote({ controller, seq }: { controller: LogController; seq: Seq }) {
  const message = controller.conversation.timeline.find(seq) ?? fetched(controller, seq).value;
  useEffect(() => fetch(controller, seq), [seq]);
  const known = typeof message === 'object' ? message : undefined;
  const words = known && excerptOf(known);
  return (
    <button
      class="quote"
      data-testid="quote"
      tabIndex={-1}
      onClick={() => void controller.goTo(seq)}
      aria-label={strings.message.quoted(known && (known.name ?? known.from), words)}
    >
      {known && (
        <span class="quote-author" style={inHue(hueIn(controller.id, known.name ?? known.from))} dir="auto">
          {known.name ?? known.from}
        </span>
      )}
      <span class="quote-text" dir="auto">
        {words ?? strings.message.elsewhere(seq)}
      </span>
    </button>
  );
}

function fetched({ id, conversation }: LogController, seq: Seq): Quoted {
  const key = JSON.stringify([id, conversation.log, seq]);
  let quote = quotes.get(key);
  if (!quote) quotes.set(key, (quote = signal('unknown')));
  if (quotes.size > maxKept) quotes.delete(quotes.keys().next().value!);
  return quote;
}

function fetch(controller: LogController, seq: Seq): void {
  const quote = fetched(controller, seq);
  if (controller.conversation.timeline.find(seq) || quote.value !== 'unknown') return;
  quote.value = 'loading';
  chat.history(controller.id, { after: seq - 1, limit: 1 }).then(
    (page) => (quote.value = page.messages[0]?.seq === seq ? (page.messages[0] as Message) : 'unknown'),
    () => (quote.value = 'unknown'),
  );
}
