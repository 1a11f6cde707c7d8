// The whole page: choosing a name first, then the list of conversations beside the one that is open.
import { useEffect } from 'preact/hooks';
import './app.css';
import { ConversationView } from './conversation/conversation.tsx';
import { Sidebar } from './sidebar/sidebar.tsx';
import { entered, here, sidebarOpen, valid, watch } from './state.ts';
import { Banner } from './status/banner.tsx';
import { Notices } from './status/notices.tsx';
import { strings } from './strings.ts';
import { Welcome } from './welcome/welcome.tsx';

export function App() {
  if (!entered.value) return <><Title /><Welcome /></>;
  return (
    <div class="app" data-sidebar={sidebarOpen.value ? 'open' : 'closed'} onKeyDown={closesOnEscape}>
      <Sidebar />
      <div class="veil" onClick={() => (sidebarOpen.value = false)} />
      <main class="main">
        <Banner />
        {valid.value ? <ConversationView key={here.value} id={here.value} /> : <Invalid id={here.value} />}
      </main>
      <Notices />
      <Title />
    </div>
  );
}

function closesOnEscape(event: KeyboardEvent) {
  if (event.key === 'Escape') sidebarOpen.value = false;
}

/** What stands in place of a conversation whose name cannot be one. */
function Invalid({ id }: { id: string }) {
  return (
    <div class="invalid">
      <button class="icon-button menu" aria-label={strings.sidebar.open} onClick={() => (sidebarOpen.value = true)}>☰</button>
      <p role="alert" dir="auto">{strings.sidebar.invalid(id)}</p>
    </div>
  );
}

/** Keeps the window's title at the open conversation and what is unread in it. Apart, so that a change of it draws nothing else. */
function Title() {
  const unread = entered.value && valid.value ? (watch(here.value).unread ?? 0) : 0;
  const title = `${unread > 0 ? `(${unread}) ` : ''}${entered.value ? `${here.value} · ` : ''}${strings.product}`;
  useEffect(() => void (document.title = title), [title]);
  return null;
}
