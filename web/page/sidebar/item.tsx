// One conversation in the list: its name, when it was last written in, and what is unread.
import { here, open, watch } from '../state.ts';
import { pathOf } from '../address.ts';
import { strings } from '../strings.ts';
import { briefly } from '../time.ts';
import type { Listed } from './list.ts';

export function Item({ listed }: { listed: Listed }) {
  const current = here.value === listed.id;
  const go = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return; // a new tab, as with any link
    event.preventDefault();
    open(listed.id);
  };
  return (
    <li>
      <a class="conversation-item" href={pathOf(listed.id)} onClick={go} aria-current={current ? 'page' : undefined}>
        <span class="conversation-name"><span class="hash" aria-hidden="true">#</span>{listed.id}</span>
        {listed.time && <time class="conversation-time" dateTime={listed.time}>{briefly(listed.time)}</time>}
        <Online listed={listed} />
        {!current && <Unread id={listed.id} />}
      </a>
    </li>
  );
}

/** How many are there: told live of the open conversation, and of the others as the list had it. */
function Online({ listed }: { listed: Listed }) {
  const { mode, joined, people } = watch(listed.id);
  const count = mode === 'open' && joined ? people.count : listed.online;
  return <span class="conversation-online">{count > 0 && strings.sidebar.online(count)}</span>;
}

function Unread({ id }: { id: string }) {
  const { unread, newest } = watch(id);
  if (newest === 0 || unread === 0) return null;
  if (unread === undefined) return <span class="badge dot" title={strings.sidebar.fresh}><span class="visually-hidden">{strings.sidebar.fresh}</span></span>;
  return (
    <span class="badge" title={strings.sidebar.unread(unread)}>
      <span aria-hidden="true">{unread > 99 ? '99+' : unread}</span>
      <span class="visually-hidden">{strings.sidebar.unread(unread)}</span>
    </span>
  );
}
