// The whole page: choosing a name first, then the list of conversations beside the one that is open.
import { Fragment, h } from 'preact';
import './app.css';
import { ConversationView } from './conversation/conversation.tsx';
import { Dialogs } from './dialog/dialogs.tsx';
import { Back } from './head/head.tsx';
import { Sidebar } from './sidebar/sidebar.tsx';
import { entered, here, listAlone, valid } from './state.ts';
import { Banner } from './status/banner.tsx';
import { Notices } from './status/notices.tsx';
import { strings } from './strings.ts';
import { Welcome } from './welcome/welcome.tsx';

export function App() {
  if (!entered.value) return <Welcome />;
  return (
    <div class="app" data-shows={listAlone.value ? 'list' : 'conversation'} role={listAlone.value ? 'main' : undefined}>
      <Sidebar />
      <main class="main">
        <Banner />
        {valid.value ? <ConversationView key={here.value} id={here.value} /> : <Nothing id={here.value} />}
      </main>
      <Notices />
      <Dialogs />
    </div>
  );
}

/** What stands where no conversation is open, or the name in the address cannot be one. */
function Nothing({ id }: { id: string }) {
  return (
    <>
      <header class="conversation-head">
        <Back />
      </header>
      <div class="nothing">
        <h1>{id === '' ? strings.nothing.title : strings.nothing.invalidTitle}</h1>
        <p role={id === '' ? undefined : 'alert'} dir="auto">
          {id === '' ? strings.nothing.hint : strings.sidebar.invalid(id)}
        </p>
      </div>
    </>
  );
}
