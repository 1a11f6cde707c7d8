// The log of a conversation: the rows near what is read, and at its end what has not reached the record yet.
import { effect } from '@preact/signals';
import type { Conversation } from '@verbatim/client';
import { h } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { copyText } from '../clipboard.ts';
import { copyLink } from '../head/link.ts';
import { isOwn, isOwnName } from '../self.ts';
import { chat, connection, user, watch } from '../state.ts';
import { offline } from '../status/network.ts';
import { notify } from '../status/notice.ts';
import { beginnings, strings } from '../strings.ts';
import { dayOf, today } from '../time.ts';
import { answer } from './answering.ts';
import { beginningOf } from './beginning.ts';
import type { Sized } from './extent.ts';
import { GrowingRow, MessageRow } from './message.tsx';
import { PendingRow } from './pending.tsx';
import { Reading } from './reading.ts';
import { type Item, keyOf, readersOf, rowsOf } from './rows.ts';
import { sendsOf } from './sends.ts';

export function Log({ id }: { id: string }) {
  const conversation = watch(id);
  const { timeline, joined, loadingOlder } = conversation;
  const view = useRef<HTMLDivElement>(null);
  const reading = useReading(id, view);
  reading.drawing();
  const items = itemsOf(conversation, reading);
  reading.draws(items);
  const hidden = joined && reading.opening.value;
  const extent = reading.scroll.extent(items.map(sizeOf), timeline.live);
  reading.drawnLast = timeline.last;
  useLayoutEffect(() => reading.drawn());
  useOwnSends(reading);
  const beginning = beginningOf({
    isKnown: conversation.opened,
    isHidden: hidden,
    messages: timeline.messages.length,
    pending: items.length - timeline.messages.length,
    hasOlder: timeline.hasOlder,
    loadingOlder,
    isFirstDrawn: extent.from === 0,
    phase: offline.value ? 'offline' : connection.value.phase,
  });
  const { unread } = reading;
  return (
    <div class="log-place">
      <div
        class="log"
        ref={view}
        onScroll={() => reading.scrolled()}
        onKeyDown={(event) => onKey(event, reading)}
        role="log"
        aria-live="off"
        aria-busy={loadingOlder || hidden}
        aria-label={strings.conversation.log(id)}
        tabIndex={items.length > 0 ? -1 : 0}
        data-testid="log"
        data-first={timeline.first}
        data-last={timeline.end}
        data-held={timeline.messages.length}
      >
        <div class="log-start">{beginning === 'empty' ? <Empty id={id} /> : beginning && beginnings[beginning]}</div>
        <Rows
          items={items.slice(extent.from, extent.to)}
          above={extent.above}
          below={extent.below}
          hidden={hidden}
          reading={reading}
          people={conversation.people.reads}
        />
      </div>
      <DayNow time={reading.topTime.value} atEnd={reading.follows.value} />
      {!reading.follows.value && (
        <button class="jump" onClick={() => reading.toEnd()} data-testid="jump">
          <span aria-hidden="true">↓ </span>
          {unread > 0 ? strings.conversation.jumpNew(unread) : strings.conversation.jump}
        </button>
      )}
    </div>
  );
}

/** The day of what is in view, for who reads far from where it begins. At the end none means today. */
function DayNow({ time, atEnd }: { time: string; atEnd: boolean }) {
  const isPlain = time === '' || (atEnd && new Date(time).toDateString() === today.value);
  return isPlain ? null : (
    <p class="day-now" aria-hidden="true" data-testid="day-now">
      {dayOf(time)}
    </p>
  );
}

/** Where nothing was written yet. */
function Empty({ id }: { id: string }) {
  return (
    <div class="empty" data-testid="empty">
      <h2>#{id}</h2>
      <p>{strings.conversation.empty}</p>
      <button class="button" onClick={() => void copyLink(id)}>
        {strings.conversation.invite}
      </button>
      <p class="hint">{strings.conversation.markdown}</p>
    </div>
  );
}

interface RowsProps {
  items: Item[];
  above: number;
  below: number;
  hidden: boolean;
  reading: Reading;
  people: Record<string, number>;
}

function Rows({ items, above, below, hidden, reading, people }: RowsProps) {
  const messages = items.flatMap((item) => (item.kind === 'message' ? [item.row.message] : []));
  const readers = readersOf(messages, people, (name) => isOwnName(name, user.value));
  const current = items.some(({ key }) => key === reading.current.value) ? reading.current.value : items.at(-1)?.key;
  return (
    <div
      class="rows"
      role={items.length > 0 ? 'feed' : undefined}
      aria-label={items.length > 0 ? strings.conversation.log(reading.id) : undefined}
      style={{ paddingTop: `${above}px`, paddingBottom: `${below}px`, visibility: hidden ? 'hidden' : 'visible' }}
      onFocusIn={(event) => onFocusIn(event, reading)}
      onFocusOut={(event) => onFocusOut(event, reading)}
      onMouseOver={(event) => (reading.active.value = keyAround(event))}
      onMouseLeave={() => (reading.active.value = undefined)}
    >
      {items.map((item) => {
        const place = { rowKey: item.key, tabIndex: item.key === current ? 0 : -1 };
        if (item.kind === 'growing')
          return <GrowingRow key={item.key} {...place} room={reading.id} message={item.growing} />;
        if (item.kind === 'pending')
          return (
            <PendingRow
              key={item.key}
              {...place}
              item={item.pending}
              state={item.pending.state}
              reason={item.pending.reason}
            />
          );
        const { seq } = item.row.message;
        return (
          <MessageRow
            key={item.key}
            {...place}
            row={item.row}
            own={isOwn(item.row.message, user.value)}
            reading={reading}
            active={reading.active.value === item.key}
            isTarget={reading.target.value === seq}
            readers={readers.get(seq)?.join('\n') ?? ''}
            today={today.value}
          />
        );
      })}
    </div>
  );
}

/**
 * Tab stops at one row. What is in a row is no place of the keyboard's among the rows: else that stop would stay behind
 * whoever goes on by Tab.
 */
function onFocusIn(event: FocusEvent, reading: Reading): void {
  reading.active.value = keyAround(event);
  if ((event.target as HTMLElement).classList.contains('row')) reading.current.value = reading.active.value;
}

/**
 * What has the focus loses it also by going, where the pointer is in another row already: that one stays the active
 * one.
 */
function onFocusOut(event: FocusEvent, reading: Reading): void {
  if (reading.active.peek() === keyAround(event)) reading.active.value = undefined;
}

/** The key of the row in which something happened. */
function keyAround(event: Event): string | undefined {
  return (event.target as HTMLElement).closest<HTMLElement>('.row')?.dataset.key;
}

function itemsOf(conversation: Conversation, reading: Reading): Item[] {
  const { timeline, growing, id } = conversation;
  const recorded = rowsOf(timeline.messages, (message) => isOwn(message, user.value), reading.readBefore?.readTo).map(
    (row): Item => ({
      key: keyOf(user.value, row.message.from, row.message.id, row.message.seq),
      kind: 'message',
      row,
    }),
  );
  if (!timeline.live) return recorded;
  return [
    ...recorded,
    ...growing
      .list()
      .map((message): Item => ({ key: `growing ${message.from} ${message.id}`, kind: 'growing', growing: message })),
    ...chat
      .unsettled(id)
      .map((item): Item => ({ key: keyOf(user.value, user.value, item.id, 0), kind: 'pending', pending: item })),
  ];
}

const lineHeight = 22; // px
const lettersInLine = 70;

/** A row's key, and how high it will be as far as its text tells. */
function sizeOf(item: Item): Sized {
  if (item.kind !== 'message') return { key: item.key, guess: 2 * lineHeight };
  const { message, follows, newDay } = item.row;
  const lines = 1 + Math.floor((message.text?.length ?? 0) / lettersInLine);
  return { key: item.key, guess: (lines + (follows ? 0.8 : 2.3) + (newDay ? 2 : 0)) * lineHeight };
}

function useReading(id: string, view: { current: HTMLElement | null }): Reading {
  const reading = useMemo(() => new Reading(id, () => view.current), [id]);
  void reading.redraw.value;
  useEffect(() => {
    const drawn = () => reading.drawn();
    const leaves = () => reading.keep();
    // the window, the keyboard of a phone, a growing composer; a message that unfolds
    const sizes = new ResizeObserver(drawn);
    sizes.observe(view.current!);
    sizes.observe(view.current!.querySelector('.rows')!);
    const off = effect(() => void (connection.value.phase !== 'online' && reading.lost()));
    addEventListener('focus', drawn);
    addEventListener('pagehide', leaves);
    return () => {
      sizes.disconnect();
      off();
      removeEventListener('focus', drawn);
      removeEventListener('pagehide', leaves);
      reading.keep();
    };
  }, [reading]);
  return reading;
}

/** Who sends something wants to see it. It may be on the record before anything is drawn, so the composer tells. */
function useOwnSends(reading: Reading): void {
  const count = sendsOf(reading.id).value;
  const seen = useRef(count);
  useLayoutEffect(() => {
    if (count === seen.current) return;
    seen.current = count;
    if (!reading.follows.peek()) reading.toEnd();
  }, [count]);
}

function onKey(event: KeyboardEvent, reading: Reading): void {
  const target = event.target as HTMLElement;
  const onRow = target.classList.contains('row');
  if ((!onRow && target !== event.currentTarget) || event.ctrlKey || event.metaKey || event.altKey) return;
  const actions: Record<string, () => void> = {
    ArrowUp: () => reading.move(-1),
    ArrowDown: () => reading.move(1),
    Home: () => void reading.toStart(),
    End: () => reading.toNewest(),
    r: () => onRow && target.dataset.seq !== undefined && answer(reading.id, Number(target.dataset.seq)),
    c: () => onRow && void copyTextOf(reading, Number(target.dataset.seq)),
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

async function copyTextOf({ conversation }: Reading, seq: number): Promise<void> {
  const message = conversation.timeline.find(seq);
  if (!message || message.redacted) return;
  notify((await copyText(message.text ?? '')) ? strings.message.textCopied : strings.message.textNotCopied);
}
