// One message of the record, and one that is still growing.
import { Component, type ComponentChildren } from 'preact';
import type { Message } from '@verbatim/client';
import { Avatar, hueOf } from '../status/avatar.tsx';
import { strings } from '../strings.ts';
import { clockTime, dayOf, exactTime } from '../time.ts';
import type { Row } from './rows.ts';
import './message.css';

interface Props {
  row: Row;
  own: boolean;
}

/** A row of the log. A message never changes, so it is drawn again only where its place among the others did. */
export class MessageRow extends Component<Props> {
  override shouldComponentUpdate(next: Props): boolean {
    const { row, own } = this.props;
    return next.own !== own || next.row.message !== row.message || next.row.follows !== row.follows
      || next.row.newDay !== row.newDay || next.row.firstUnread !== row.firstUnread;
  }

  override render({ row, own }: Props) {
    const { message } = row;
    return (
      <li class={rowClass(own, row.follows)} data-seq={message.seq} data-from={message.from} data-state={own ? 'recorded' : undefined} data-testid="message">
        {row.newDay && <p class="divider"><span>{dayOf(message.time)}</span></p>}
        {row.firstUnread && <p class="divider fresh"><span>{strings.conversation.newHere}</span></p>}
        <Bubble from={message.from} name={message.name} own={own} follows={row.follows}>
          <Text message={message} />
          <span class="facts">
            {message.partial && <span>{strings.conversation.partial}</span>}
            <time dateTime={message.time} title={`${exactTime(message.time)} · #${message.seq}`}>{clockTime(message.time)}</time>
            {own && <span class="state" title={strings.state.recorded}>✓<span class="visually-hidden">{strings.state.recorded}</span></span>}
          </span>
        </Bubble>
      </li>
    );
  }
}

function Text({ message }: { message: Message }) {
  if (message.redacted) return <p class="text redacted">{strings.conversation.redacted}</p>;
  return <p class="text" dir="auto" data-testid="text">{message.text}</p>;
}

export function GrowingRow({ message }: { message: { from: string; text: string } }) {
  return (
    <li class={rowClass(false, false)} data-state="growing" data-testid="growing">
      <Bubble from={message.from} own={false} follows={false}>
        <p class="text" dir="auto">{message.text}</p>
        <span class="facts">{strings.conversation.growing}</span>
      </Bubble>
    </li>
  );
}

export function rowClass(own: boolean, follows: boolean): string {
  return `row ${own ? 'own' : 'other'} ${follows ? 'follows' : 'leads'}`;
}

interface BubbleProps {
  from: string;
  name?: string | undefined;
  own: boolean;
  follows: boolean;
  children: ComponentChildren;
}

/** The shape around a message: the author beside and above it, the text and its facts within. */
export function Bubble({ from, name, own, follows, children }: BubbleProps) {
  const shown = name ?? from;
  return (
    <div class="message">
      {!own && (follows ? <span class="avatar-space" /> : <Avatar name={shown} />)}
      <div class="bubble">
        <p class={own || follows ? 'author visually-hidden' : `author ink-${hueOf(shown)}`} dir="auto" title={from}>{shown}</p>
        {children}
      </div>
    </div>
  );
}
