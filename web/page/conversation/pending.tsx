// One's own message on its way to the record, and what to do where it did not get there.
import type { OutboxItem } from '@verbatim/client';
import { chat, user } from '../state.ts';
import { strings } from '../strings.ts';
import { clockTime } from '../time.ts';
import { Bubble, rowClass } from './message.tsx';

export function PendingRow({ item }: { item: OutboxItem }) {
  return (
    <li class={rowClass(true, true)} data-state={item.state} data-testid="message">
      <Bubble from={user.value} own follows>
        <p class="text" dir="auto" data-testid="text">{item.text}</p>
        <span class="facts"><time>{clockTime(item.created)}</time><State item={item} /></span>
        {item.state === 'failed' && <Failed item={item} />}
      </Bubble>
    </li>
  );
}

function State({ item }: { item: OutboxItem }) {
  if (item.state === 'recorded') return <span class="state" title={strings.state.recorded}>✓</span>;
  return <span class="state">{item.state === 'failed' ? strings.state.failed : strings.state.sending}</span>;
}

function Failed({ item }: { item: OutboxItem }) {
  return (
    <div class="failed" role="alert">
      <p dir="auto">{item.reason}</p>
      <button class="button" onClick={() => chat.retry(item.id)}>{strings.state.retry}</button>
      <button class="button quiet" onClick={() => chat.discard(item.id)}>{strings.state.discard}</button>
    </div>
  );
}
