// The list of conversations, the way into another one, and who one is.
import { h } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import './sidebar.css';
import { openDialog } from '../dialog/open-dialog.ts';
import icon from '../icon.svg';
import { Icon } from '../icon.tsx';
import { changeName, listAlone, name, open, user } from '../state.ts';
import { Avatar } from '../status/avatar.tsx';
import { searchWords, strings } from '../strings.ts';
import { List } from './list.tsx';
import { choice, idFrom, rowsFor, soughtFrom } from './listing.ts';
import { catalogue, catalogueChanges } from './live.ts';
import { inOrder, myConversations } from './my-conversations.ts';
import { type Entered, Search } from './search.tsx';

const searchAfter = 150; // ms without another key
const longestSearch = 2_000; // ms; then Enter goes by what is known

export function Sidebar() {
  const [typed, setTyped] = useState('');
  const nav = useRef<HTMLElement>(null);
  void catalogueChanges.value;
  useCatalogue(typed);
  const rowsOf = (text: string) =>
    rowsFor(text, inOrder(myConversations.value), catalogue.found, catalogue.failed, searchWords);
  const choose = (text: string) => (text.trim() === '' ? undefined : choice(text, rowsOf(text)));
  const rows = rowsOf(typed);
  const now = useRef(''); // what is typed, which may be newer than what is drawn
  const type = (text: string) => {
    now.current = text;
    setTyped(text);
  };
  const [toStart, setToStart] = useState(false);
  useLayoutEffect(() => {
    if (toStart) nav.current!.querySelector<HTMLElement>('.listed.start a')?.focus();
    setToStart(false);
  }, [toStart]);
  const enter = async (text: string): Promise<Entered> => {
    await Promise.race([catalogue.settled(soughtFrom(text)), pause(longestSearch)]);
    if (now.current !== text) return 'stays';
    const chosen = choose(text);
    if (chosen !== undefined) {
      open(chosen);
      return 'opened';
    }
    if (idFrom(text) === undefined) return 'invalid';
    setToStart(true);
    return 'stays';
  };
  const toList = () => nav.current!.querySelector<HTMLElement>('.conversation-item[tabindex="0"]')?.focus();
  return (
    <nav
      class="sidebar"
      aria-label={strings.sidebar.label}
      ref={nav}
      onClick={(event) => (event.target as Element).closest('a') && type('')}
    >
      <header class="sidebar-head">
        <img src={icon} alt="" width="28" height="28" />
        {listAlone.value ? (
          <h1 class="wordmark">{strings.product}</h1>
        ) : (
          <span class="wordmark">{strings.product}</span>
        )}
      </header>
      <Search typed={typed} onType={type} onEnter={enter} onDown={toList} />
      <List
        rows={rows}
        chosen={choose(typed)}
        onEnd={() => void catalogue.more()}
        onLeave={() => nav.current!.querySelector('input')!.focus()}
      />
      <Me />
    </nav>
  );
}

/** Looks for what is typed, once typing pauses. */
function useCatalogue(typed: string): void {
  const sought = soughtFrom(typed);
  useEffect(() => {
    const timer = setTimeout(() => void catalogue.search(sought), sought === '' ? 0 : searchAfter);
    return () => clearTimeout(timer);
  }, [sought]);
}

const pause = (ms: number) => new Promise<void>((over) => setTimeout(over, ms));

function Me() {
  const known = user.value || name.value;
  return (
    <footer class="me">
      <Avatar name={known} />
      <span class="me-name" data-testid="me" title={known}>
        <span class="visually-hidden">{strings.sidebar.youAre} </span>
        <bdi>{known}</bdi>
      </span>
      <button
        class="icon-button"
        aria-label={strings.sidebar.changeName}
        title={strings.sidebar.changeName}
        onClick={changeName}
      >
        <Icon size={20} line={1.8} d="M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4M14.5 8l4 4-4 4M18 12H9.5" />
      </button>
      <button
        class="icon-button"
        aria-label={strings.sidebar.settings}
        title={strings.sidebar.settings}
        onClick={() => (openDialog.value = 'settings')}
      >
        <Icon size={20} line={1.8} d="M4 7h9m5 0h2M4 17h2m5 0h9M13 4.5v5M11 14.5v5" />
      </button>
    </footer>
  );
}
