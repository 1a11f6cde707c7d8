// The list of conversations, the way into another one, and who one is.
import { useEffect } from 'preact/hooks';
import './sidebar.css';
import icon from '../icon.svg';
import { connection, here, leave, sidebarOpen, user, valid, name } from '../state.ts';
import { strings } from '../strings.ts';
import { Avatar } from '../status/avatar.tsx';
import { Item } from './item.tsx';
import { JoinForm } from './join-form.tsx';
import { listed, listFailed, listHasMore, refreshList, withEmpty } from './list.ts';

const refreshEvery = 15_000; // ms; what is followed is live, this finds what is new

export function Sidebar() {
  const online = connection.value.phase === 'online';
  useEffect(() => {
    void refreshList();
    const timer = setInterval(() => document.hidden || void refreshList(), refreshEvery);
    return () => clearInterval(timer);
  }, [online, here.value]); // leaving a conversation shows what became of it
  const shown = withEmpty(listed.value, valid.value ? here.value : undefined);
  return (
    <nav class="sidebar" aria-label={strings.sidebar.label}>
      <header class="sidebar-head">
        <img src={icon} alt="" width="28" height="28" />
        <span class="wordmark">{strings.product}</span>
        <button class="icon-button sidebar-close" aria-label={strings.sidebar.close} onClick={() => (sidebarOpen.value = false)}>✕</button>
      </header>
      <JoinForm />
      <ul class="conversations" data-testid="conversations">
        {shown.map((conversation) => <Item key={conversation.id} listed={conversation} />)}
      </ul>
      {listHasMore.value && <p class="hint">{strings.sidebar.more}</p>}
      {listFailed.value && online && <p class="problem" role="status">{strings.sidebar.failed}</p>}
      <Me />
    </nav>
  );
}

function Me() {
  const known = user.value || name.value;
  return (
    <footer class="me">
      <Avatar name={known} />
      <span class="me-name" dir="auto" data-testid="me"><span class="visually-hidden">{strings.sidebar.youAre} </span>{known}</span>
      <button class="button quiet" onClick={leave}>{strings.sidebar.changeName}</button>
    </footer>
  );
}
