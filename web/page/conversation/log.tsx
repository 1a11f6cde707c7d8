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
import { beginningOf } from './beginning.ts';
import type { Sized } from './extent.ts';
import { LogController } from './log-controller.ts';
import { GrowingRow, MessageRow } from './message.tsx';
import { PendingRow } from './pending.tsx';
import { reply } from './replying.ts';
import { type Item, keyOf, readersOf, rowsOf } from './rows.ts';
import { sendsOf } from './sends.ts';

export function Log({ id }: { id: string }) {
  const conversation = watch(id);
  const { timeline, joined, loadingOlder } = conversation;
  const view = useRef<HTMLDivElement>(null);
  const controller = useLogController(id, view);
  controller.drawing();
  const items = itemsOf(conversation, controller);
  controller.draws(items);
  const hidden = joined && controller.opening.value;
  const extent = controller.scroll.extent(items.map(sizeOf), timeline.live);
  controller.drawnLast = timeline.last;
  useLayoutEffect(() => controller.drawn());
  useOwnSends(controller);
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
  const { unread } = controller;
  return (
    <div class="log-place">
      <div
        class="log"
        ref={view}
        onScroll={() => controller.scrolled()}
        onKeyDown={(event) => onKey(event, controller)}
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
          controller={controller}
          people={conversation.people.reads}
        />
      </div>
      <DayNow time={controller.topTime.value} atEnd={controller.follows.value} />
      {!controller.follows.value && (
        <button class="jump" onClick={() => controller.toEnd()} data-testid="jump">
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
  controller: LogController;
  people: Record<string, number>;
}

function Rows({ items, above, below, hidden, controller, people }: RowsProps) {
  const messages = items.flatMap((item) => (item.kind === 'message' ? [item.row.message] : []));
  const readers = readersOf(messages, people, (name) => isOwnName(name, user.value));
  const current = items.some(({ key }) => key === controller.current.value)
    ? controller.current.value
    : items.at(-1)?.key;
  return (
    <div
      class="rows"
      role={items.length > 0 ? 'feed' : undefined}
      aria-label={items.length > 0 ? strings.conversation.log(controller.id) : undefined}
      style={{ paddingTop: `${above}px`, paddingBottom: `${below}px`, visibility: hidden ? 'hidden' : 'visible' }}
      onFocusIn={(event) => onFocusIn(event, controller)}
      onFocusOut={(event) => onFocusOut(event, controller)}
      onMouseOver={(event) => (controller.active.value = keyAround(event))}
      onMouseLeave={() => (controller.active.value = undefined)}
    >
      {items.map((item) => {
        const place = { rowKey: item.key, tabIndex: item.key === current ? 0 : -1 };
        if (item.kind === 'growing')
          return <GrowingRow key={item.key} {...place} room={controller.id} message={item.growing} />;
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
            controller={controller}
            active={controller.active.value === item.key}
            isTarget={controller.target.value === seq}
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
function onFocusIn(event: FocusEvent, controller: LogController): void {
  controller.active.value = keyAround(event);
  if ((event.target as HTMLElement).classList.contains('row')) controller.current.value = controller.active.value;
}

/**
 * What has the focus loses it also by going, where the pointer is in another row already: that one stays the active
 * one.
 */
function onFocusOut(event: FocusEvent, controller: LogController): void {
  if (controller.active.peek() === keyAround(event)) controller.active.value = undefined;
}

/** The key of the row in which something happened. */
function keyAround(event: Event): string | undefined {
  return (event.target as HTMLElement).closest<HTMLElement>('.row')?.dataset.key;
}

function itemsOf(conversation: Conversation, controller: LogController): Item[] {
  const { timeline, growing, id } = conversation;
  const recorded = rowsOf(
    timeline.messages,
    (message) => isOwn(message, user.value),
    controller.readBefore?.readTo,
  ).map(
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

function useLogController(id: string, view: { current: HTMLElement | null }): LogController {
  const controller = useMemo(() => new LogController(id, () => view.current), [id]);
  void controller.redraw.value;
  useEffect(() => {
    const drawn = () => controller.drawn();
    const leaves = () => controller.keep();
    // the window, the keyboard of a phone, a growing composer; a message that unfolds
    const sizes = new ResizeObserver(drawn);
    sizes.observe(view.current!);
    sizes.observe(view.current!.querySelector('.rows')!);
    const off = effect(() => void (connection.value.phase !== 'online' && controller.lost()));
    addEventListener('focus', drawn);
    addEventListener('pagehide', leaves);
    return () => {
      sizes.disconnect();
      off();
      removeEventListener('focus', drawn);
      removeEventListener('pagehide', leaves);
      controller.keep();
    };
  }, [controller]);
  return controller;
}

/** Who sends something wants to see it. It may be on the record before anything is drawn, so the composer tells. */
function useOwnSends(controller: LogController): void {
  const count = sendsOf(controller.id).value;
  const seen = useRef(count);
  useLayoutEffect(() => {
    if (count === seen.current) return;
    seen.current = count;
    if (!controller.follows.peek()) controller.toEnd();
  }, [count]);
}

function onKey(event: KeyboardEvent, controller: LogController): void {
  const target = event.target as HTMLElement;
  const onRow = target.classList.contains('row');
  if ((!onRow && target !== event.currentTarget) || event.ctrlKey || event.metaKey || event.altKey) return;
  const actions: Record<string, () => void> = {
    ArrowUp: () => controller.move(-1),
    ArrowDown: () => controller.move(1),
    Home: () => void controller.toStart(),
    End: () => controller.toNewest(),
    r: () => onRow && target.dataset.seq !== undefined && reply(controller.id, Number(target.dataset.seq)),
    c: () => onRow && void copyTextOf(controller, Number(target.dataset.seq)),
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

async function copyTextOf({ conversation }: LogController, seq: number): Promise<void> {
  const message = conversation.timeline.find(seq);
  if (!message || message.redacted) return;
  notify((await copyText(message.text ?? '')) ? strings.message.textCopied : strings.message.textNotCopied);
}
