// The log of a conversation: older pages as one scrolls up, and what has not reached the record yet at its end.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Conversation } from '@verbatim/client';
import { changes, chat, user, watch } from '../state.ts';
import { strings } from '../strings.ts';
import { GrowingRow, MessageRow } from './message.tsx';
import { PendingRow } from './pending.tsx';
import { ReadBy } from './read-by.tsx';
import { rowsOf } from './rows.ts';
import { Scroll } from './scroll.ts';

const kept = 300; // messages in a log that is read at its end

export function Log({ id }: { id: string }) {
  const conversation = watch(id);
  const { timeline, growing, joined, loadingOlder } = conversation;
  const view = useRef<HTMLDivElement>(null);
  const { atBottom, onScroll, toBottom } = useScroll(view, conversation);
  const readBefore = useReadBefore(conversation);
  const rows = rowsOf(timeline.messages, user.value, readBefore);
  const unsettled = chat.unsettled(id);
  const empty = joined && rows.length === 0 && unsettled.length === 0 && !timeline.hasOlder;
  const unseen = conversation.newest - (conversation.readTo ?? conversation.newest);
  return (
    <div class="log-place">
      <div
        class="log" ref={view} onScroll={onScroll} role="log" aria-live="polite" aria-relevant="additions" aria-busy={loadingOlder}
        aria-label={strings.conversation.log(id)} tabIndex={0} data-testid="log" data-first={timeline.first} data-last={timeline.last}
      >
        <div class="log-start">
          {loadingOlder && strings.conversation.loadingOlder}
          {!joined && rows.length === 0 && strings.conversation.loading}
          {empty && strings.conversation.empty}
          {rows.length > 0 && !timeline.hasOlder && strings.conversation.beginning}
        </div>
        <ol class="rows">
          {rows.map((row) => <MessageRow key={keyOf(row.message.from, row.message.id, row.message.seq)} row={row} own={row.message.from === user.value} />)}
          {growing.list().map((message) => <GrowingRow key={`growing ${message.from} ${message.id}`} message={message} />)}
          {unsettled.map((item) => <PendingRow key={keyOf(user.value, item.id, 0)} item={item} />)}
        </ol>
        <ReadBy id={id} />
      </div>
      {!atBottom && (
        <button class="jump" onClick={toBottom} data-testid="jump">
          ↓ {unseen > 0 ? strings.conversation.jumpNew(unseen) : strings.conversation.jump}
        </button>
      )}
    </div>
  );
}

/** One's own message keeps its row while it goes from the outbox onto the record. */
function keyOf(from: string, id: string | undefined, seq: number): string {
  return from === user.value && id !== undefined ? `own ${id}` : `seq ${seq}`;
}

/** How far the user had read when they came here; the line "New" stays there while they do. */
function useReadBefore(conversation: Conversation): number | undefined {
  const before = useRef<{ readTo: number | undefined } | undefined>(undefined);
  if (!before.current && conversation.joined) before.current = { readTo: conversation.readTo };
  return before.current?.readTo;
}

/** Ties the scroll position, the loading of older pages and the read mark to what is shown. */
function useScroll(view: { current: HTMLDivElement | null }, conversation: Conversation) {
  const scroll = useRef<Scroll | undefined>(undefined);
  const [atBottom, setAtBottom] = useState(true);
  const drawn = useRef(0); // the last seq that can be seen here; the timeline may be ahead of it
  const settle = () => {
    setAtBottom(scroll.current!.atBottom);
    if (scroll.current!.nearTop && drawn.current >= conversation.newest) conversation.loadOlder();
    if (scroll.current!.atBottom && document.hasFocus()) conversation.markRead(drawn.current);
  };
  const restore = () => {
    drawn.current = Number(view.current!.dataset.last);
    scroll.current!.restore();
    settle();
  };
  useLayoutEffect(() => {
    scroll.current = new Scroll(view.current!);
    const observer = new ResizeObserver(restore); // the window, the keyboard of a phone, a growing composer
    observer.observe(view.current!);
    addEventListener('focus', settle);
    return () => {
      observer.disconnect();
      removeEventListener('focus', settle);
    };
  }, []);
  useLayoutEffect(restore, [changes.value]);
  useEffect(() => {
    if (scroll.current!.atBottom) conversation.timeline.trim(kept);
  }, [conversation.timeline.last]);
  const onScroll = () => {
    scroll.current!.moved();
    settle();
  };
  const toBottom = () => {
    scroll.current!.toBottom();
    settle();
  };
  return { atBottom, onScroll, toBottom };
}
