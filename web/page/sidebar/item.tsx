// One conversation in the list: its name, its newest words or what is still to be sent, and what is unread.

import type { Message } from '@verbatim/client';
import { type ComponentChildren, Fragment, h } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { pathOf } from '../address.ts';
import { excerptOf } from '../conversation/excerpt.ts';
import { directionOf } from '../direction.ts';
import { drafts } from '../drafts.ts';
import { shorten } from '../graphemes.ts';
import { Icon } from '../icon.tsx';
import { isOwn } from '../self.ts';
import { changes, here, open, user, watch } from '../state.ts';
import { hueOf, inHue } from '../status/hues.ts';
import { strings } from '../strings.ts';
import { briefly } from '../time.ts';
import { isRead } from '../watched.ts';
import type { Listed } from './catalogue.ts';
import { isMuted, newestMessage, previews, wantPreview } from './live.ts';

interface ItemProps {
  /** Whether Tab stops here. */
  stop: boolean;
}

export function OwnItem({ id, stop }: ItemProps & { id: string }) {
  const current = here.value === id;
  const newest = newestMessage(id);
  useEffect(() => wantPreview(id), [changes.value]);
  useEffect(() => () => previews.unwant(id), []);
  const { joined, newest: last } = watch(id);
  const isEmpty = joined && last === 0;
  const draft = current ? undefined : drafts.value.get(id);
  return (
    <Link id={id} stop={stop} current={current}>
      <span class="conversation-name">
        <Name id={id} />
        {isMuted(id) && <Muted />}
      </span>
      {newest && (
        <time class="conversation-time" dateTime={newest.time}>
          {briefly(newest.time)}
        </time>
      )}
      <span class="conversation-preview" dir={directionOf(draft ?? newest?.text ?? '')} data-testid="preview">
        {draft === undefined ? (
          <Words message={newest} isEmpty={isEmpty} />
        ) : (
          <>
            <b class="draft">{strings.sidebar.draft}</b> {firstOf(draft)}
          </>
        )}
      </span>
      {!(current && isRead()) && <Unread id={id} />}
    </Link>
  );
}

export function OtherItem({ listed, stop }: ItemProps & { listed: Listed }) {
  return (
    <Link id={listed.id} stop={stop} current={here.value === listed.id} alone={listed.online === 0}>
      <span class="conversation-name">
        <Name id={listed.id} />
      </span>
      {listed.time && (
        <time class="conversation-time" dateTime={listed.time}>
          {briefly(listed.time)}
        </time>
      )}
      {listed.online > 0 && <span class="conversation-preview">{strings.sidebar.online(listed.online)}</span>}
    </Link>
  );
}

export function StartItem({ id, stop }: ItemProps & { id: string }) {
  return (
    <Link id={id} stop={stop} current={false} alone sign="+">
      <span class="conversation-name">{strings.sidebar.start(id)}</span>
    </Link>
  );
}

function Link({
  id,
  stop,
  current,
  alone = false,
  sign = '#',
  children,
}: ItemProps & { id: string; current: boolean; alone?: boolean; sign?: string; children: ComponentChildren }) {
  const go = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return; // a new tab, as with any link
    event.preventDefault();
    open(id);
  };
  return (
    <a
      class={alone ? 'conversation-item alone' : 'conversation-item'}
      href={pathOf(id)}
      onClick={go}
      tabIndex={stop ? 0 : -1}
      data-id={id}
      aria-current={current ? 'page' : undefined}
    >
      <span class="conversation-sign" style={inHue(hueOf(id))} aria-hidden="true">
        {sign}
      </span>
      {children}
    </a>
  );
}

const Name = ({ id }: { id: string }) => (
  <span class="conversation-id" title={id}>
    {id}
  </span>
);

function Muted() {
  return (
    <span class="muted" title={strings.sidebar.muted}>
      <Icon size={14} line={2} sharp d="M6 16V11a6 6 0 0 1 9-5.2M18 11v5H8M10 20h4M4 4l16 16" />
      <span class="visually-hidden">{strings.sidebar.muted}</span>
    </span>
  );
}

/** The newest words and who said them. A name may be written from right to left: it is kept to itself. */
function Words({ message, isEmpty }: { message: Message | undefined; isEmpty: boolean }) {
  // the list is drawn far more often than a message is new
  const excerpt = useMemo(() => message && excerptOf(message), [message]);
  if (!message) return <>{isEmpty ? strings.sidebar.nothingYet : ''}</>;
  const author = isOwn(message, user.value) ? strings.sidebar.me : (message.name ?? message.from);
  return (
    <>
      <bdi>{author}</bdi>: <bdi>{excerpt}</bdi>
    </>
  );
}

/** The beginning of a draft, on one line and as it is typed: a preview needs no more, and a text may have 16 kB. */
const firstOf = (text: string) => shorten(text.replace(/\s+/g, ' ').trim(), 160);

function Unread({ id }: { id: string }) {
  const { unread, newest, readTo } = watch(id);
  if (newest === 0 || unread === 0) return null;
  if (unread === undefined || readTo === undefined)
    return (
      <span class="badge dot" title={strings.sidebar.fresh}>
        <span class="visually-hidden">{strings.sidebar.fresh}</span>
      </span>
    );
  return (
    <span class={isMuted(id) ? 'badge quiet' : 'badge'} title={strings.sidebar.unread(unread)} data-testid="unread">
      <span aria-hidden="true">{unread > 99 ? '99+' : unread}</span>
      <span class="visually-hidden">{strings.sidebar.unread(unread)}</span>
    </span>
  );
}
