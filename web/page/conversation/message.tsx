// One message of the record, and one that is still growing.

import type { Message } from '@verbatim/client';
import { Component, type ComponentChildren, h } from 'preact';
import { directionOf } from '../direction.ts';
import { Icon } from '../icon.tsx';
import { Avatar } from '../status/avatar.tsx';
import { hueIn, inHue } from '../status/hues.ts';
import { strings } from '../strings.ts';
import { clockTime, dayOf, exactTime } from '../time.ts';
import { Copy } from './copy.tsx';
import type { LogController } from './log-controller.ts';
import { Quote } from './quote.tsx';
import { ReadBy } from './read-by.tsx';
import { reply } from './replying.ts';
import type { Row } from './rows.ts';
import { Text } from './text.tsx';
import './message.css';

/** Where a row stands among the others, for the scroll and for the keyboard. */
export interface RowPlace {
  rowKey: string;
  tabIndex: number;
}

interface Props extends RowPlace {
  row: Row;
  own: boolean;
  controller: LogController;
  /** Whether somebody went to this message. */
  isTarget: boolean;
  /** Whether the pointer or the keyboard is here. */
  active: boolean;
  /** Who has read up to this one, one to a line. */
  readers: string;
  /** The day that it is now. */
  today: string;
}

/** A row of the log. A message never changes, so it is drawn again only where its place among the others did. */
export class MessageRow extends Component<Props> {
  override shouldComponentUpdate(next: Props): boolean {
    const { row, today } = this.props;
    return (
      (['own', 'tabIndex', 'isTarget', 'active', 'readers'] as const).some((name) => next[name] !== this.props[name]) ||
      (['message', 'follows', 'ends', 'newDay', 'firstUnread'] as const).some((name) => next.row[name] !== row[name]) ||
      (row.newDay && next.today !== today)
    );
  }

  override render({ row, own, controller, rowKey, tabIndex, isTarget, active, readers }: Props) {
    const { message } = row;
    const { seq, from, target } = message;
    const clock = clockTime(message.time);
    const date = `${exactTime(message.time)} · #${seq}`;
    const hasFacts = row.ends || message.partial === true;
    return (
      <article
        class={`${rowClass(own, row.follows)}${isTarget ? ' target' : ''}`}
        data-key={rowKey}
        data-seq={seq}
        data-from={from}
        data-state={own ? 'recorded' : undefined}
        data-testid="message"
        tabIndex={tabIndex}
        aria-posinset={seq}
        aria-setsize={-1}
        aria-labelledby={`author-${seq} time-${seq}`}
        aria-describedby={`text-${seq}`}
      >
        {row.newDay && (
          <p class="divider">
            <span>{dayOf(message.time)}</span>
          </p>
        )}
        {row.firstUnread && (
          <p class="divider fresh" data-testid="fresh">
            <span>{strings.conversation.newHere}</span>
          </p>
        )}
        <Bubble
          room={controller.id}
          from={from}
          name={message.name}
          own={own}
          follows={row.follows}
          authorId={`author-${seq}`}
          facts={hasFacts ? [message.partial && strings.conversation.partial, clock, own && '✓'] : []}
          actions={active && <Actions message={message} controller={controller} tabIndex={tabIndex} date={date} />}
        >
          {target !== undefined && <Quote controller={controller} seq={target} />}
          <div id={`text-${seq}`} class="text-place">
            {message.redacted ? (
              <p class="text redacted" data-testid="text">
                {strings.conversation.redacted}
              </p>
            ) : (
              <Text text={message.text ?? ''} />
            )}
          </div>
          <span class={hasFacts ? 'facts' : 'facts within'} dir={sideOf(message.text)}>
            {message.partial && <span>{strings.conversation.partial}</span>}
            <time id={`time-${seq}`} dir="auto" dateTime={message.time} title={date}>
              {clock}
            </time>
            {own && recordedSign}
          </span>
        </Bubble>
        {readers !== '' && <ReadBy readers={readers.split('\n')} room={controller.id} />}
      </article>
    );
  }
}

/** The side on which the facts stand: beside the last line of a text. */
export const sideOf = (text = '') => directionOf(text.slice(text.trimEnd().lastIndexOf('\n') + 1));

export const recordedSign = (
  <span class="state" title={strings.state.recorded}>
    ✓<span class="visually-hidden">{strings.state.recorded}</span>
  </span>
);

interface ActionsProps {
  message: Message;
  controller: LogController;
  tabIndex: number;
  date: string;
}

/** What can be done with a message. Within a run it alone tells when that was written. */
function Actions({ message, controller, tabIndex, date }: ActionsProps) {
  if (message.redacted) return null;
  return (
    <div class="actions">
      <button
        class="button quiet"
        tabIndex={tabIndex}
        onClick={() => reply(controller.id, message.seq)}
        title={`${strings.message.answerHint}\n${date}`}
        data-testid="answer"
      >
        <Icon size={14} line={2.5} d="M10 5 4 11l6 6M4 11h10a6 6 0 0 1 6 6v2" />
        <span class="visually-hidden">{strings.message.answer}</span>
      </button>
      <Copy
        text={message.text ?? ''}
        label={strings.message.copyText}
        hint={`${strings.message.copyHint}\n${date}`}
        tabIndex={tabIndex}
        picture={twoSheets}
      />
    </div>
  );
}

const twoSheets = <Icon size={14} line={2.5} d="M9 9h11v11H9zM5 15H4V4h11v1" />;

export function GrowingRow({
  message,
  room,
  rowKey,
  tabIndex,
}: RowPlace & { room: string; message: { from: string; text: string } }) {
  return (
    <article
      class={rowClass(false, false)}
      data-key={rowKey}
      tabIndex={tabIndex}
      data-state="growing"
      data-testid="growing"
      aria-label={message.from}
    >
      <Bubble room={room} from={message.from} own={false} follows={false}>
        <div class="text-place">
          <Text text={message.text} whole />
        </div>
        <span class="facts">{strings.conversation.growing}</span>
      </Bubble>
    </article>
  );
}

export function rowClass(own: boolean, follows: boolean): string {
  return `row ${own ? 'own' : 'other'} ${follows ? 'follows' : 'leads'}`;
}

interface BubbleProps {
  room: string;
  from: string;
  name?: string | undefined;
  own: boolean;
  follows: boolean;
  authorId?: string;
  /** The words on the last line, for which room is kept there. */
  facts?: (string | false | undefined)[];
  actions?: ComponentChildren;
  children: ComponentChildren;
}

/** The shape around a message: the author beside and above it, the text and its facts within. */
export function Bubble({ room, from, name, own, follows, authorId, facts = [], actions, children }: BubbleProps) {
  const shown = name ?? from;
  const isNamed = !own && !follows;
  const words = facts.filter(Boolean).join('  ');
  return (
    <div class="message">
      {!own && (follows ? <span class="avatar-space" /> : <Avatar name={shown} room={room} />)}
      <div class="bubble" style={words ? { '--facts': JSON.stringify(words) } : undefined}>
        <p
          id={authorId}
          class={isNamed ? 'author' : 'author visually-hidden'}
          style={isNamed ? inHue(hueIn(room, shown)) : undefined}
          dir="auto"
          title={from}
        >
          {shown}
        </p>
        {children}
      </div>
      {actions}
    </div>
  );
}
