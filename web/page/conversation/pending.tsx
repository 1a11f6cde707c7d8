// One's own message on its way to the record, and what to do where it did not get there.

import type { OutboxItem } from '@verbatim/client';
import { h } from 'preact';
import { chat, connected, user } from '../state.ts';
import { strings } from '../strings.ts';
import { clockTime } from '../time.ts';
import { Bubble, type RowPlace, recordedSign, rowClass, sideOf } from './message.tsx';
import { Text } from './text.tsx';

interface Props extends RowPlace {
  item: OutboxItem;
  /**
   * The item's own; beside it, for it is the same object as before when these have changed, and would not be drawn
   * again.
   */
  state: OutboxItem['state'];
  reason: string | undefined;
}

export function PendingRow({ item, state, rowKey, tabIndex }: Props) {
  const clock = clockTime(item.created);
  return (
    <article
      class={rowClass(true, true)}
      data-key={rowKey}
      tabIndex={tabIndex}
      data-state={state}
      data-testid="message"
      aria-label={`${user.value} ${clock}`}
    >
      <Bubble room={item.conversation} from={user.value} own follows facts={[clock, stateOf(item)]}>
        <div class="text-place">
          <Text text={item.text} />
        </div>
        <span class="facts" dir={sideOf(item.text)}>
          <time dir="auto">{clock}</time>
          <State item={item} />
        </span>
        {state === 'failed' && <Failed item={item} />}
      </Bubble>
    </article>
  );
}

function State({ item }: { item: OutboxItem }) {
  if (item.state === 'recorded') return recordedSign;
  return (
    <span class="state" title={item.state === 'failed' ? undefined : item.reason}>
      {stateOf(item)}
    </span>
  );
}

function stateOf({ state, reason }: OutboxItem): string {
  if (state === 'recorded') return '✓';
  if (state === 'failed') return strings.state.failed;
  return reason === undefined && connected.value ? strings.state.sending : strings.state.waiting;
}

function Failed({ item }: { item: OutboxItem }) {
  return (
    <div class="failed" role="alert">
      <p dir="auto">{item.reason}</p>
      <button class="button" onClick={() => chat.retry(item.id)}>
        {strings.state.retry}
      </button>
      <button class="button quiet" onClick={() => chat.discard(item.id)}>
        {strings.state.discard}
      </button>
    </div>
  );
}
