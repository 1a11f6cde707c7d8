// The message that another one answers to, in short, above it. Pressing it leads there.
import { type Signal, signal } from '@preact/signals';
import type { Message, Seq } from '@verbatim/client';
import { h } from 'preact';
import { useEffect } from 'preact/hooks';
import { chat } from '../state.ts';
import { hueIn, inHue } from '../status/hues.ts';
import { strings } from '../strings.ts';
import { excerptOf } from './excerpt.ts';
import type { Reading } from './reading.ts';

const mostKept = 500; // quotes

type Quoted = Signal<Message | 'loading' | 'unknown'>;
const quotes = new Map<string, Quoted>(); // by log and seq; of messages that are not held

export function Quote({ reading, seq }: { reading: Reading; seq: Seq }) {
  const message = reading.conversation.timeline.find(seq) ?? fetched(reading, seq).value;
  useEffect(() => fetch(reading, seq), [seq]);
  const known = typeof message === 'object' ? message : undefined;
  const words = known && excerptOf(known);
  return (
    <button
      class="quote"
      data-testid="quote"
      tabIndex={-1}
      onClick={() => void reading.goTo(seq)}
      aria-label={strings.message.quoted(known && (known.name ?? known.from), words)}
    >
      {known && (
        <span class="quote-author" style={inHue(hueIn(reading.id, known.name ?? known.from))} dir="auto">
          {known.name ?? known.from}
        </span>
      )}
      <span class="quote-text" dir="auto">
        {words ?? strings.message.elsewhere(seq)}
      </span>
    </button>
  );
}

function fetched({ id, conversation }: Reading, seq: Seq): Quoted {
  const key = JSON.stringify([id, conversation.log, seq]);
  let quote = quotes.get(key);
  if (!quote) quotes.set(key, (quote = signal('unknown')));
  if (quotes.size > mostKept) quotes.delete(quotes.keys().next().value!);
  return quote;
}

function fetch(reading: Reading, seq: Seq): void {
  const quote = fetched(reading, seq);
  if (reading.conversation.timeline.find(seq) || quote.value !== 'unknown') return;
  quote.value = 'loading';
  chat.history(reading.id, { after: seq - 1, limit: 1 }).then(
    (page) => (quote.value = page.messages[0]?.seq === seq ? (page.messages[0] as Message) : 'unknown'),
    () => (quote.value = 'unknown'),
  );
}
