// The page's first steps: styles, the component tree, and the events of the browser window.
import { options, render } from 'preact';
import './theme.css';
import './base.css';
import { App } from './app.tsx';
import { conversationOf } from './address.ts';
import { chat, entered, show, start } from './state.ts';
import { refreshList } from './sidebar/list.ts';

// A burst of entries is drawn once, not once for each. A timer, for a hidden tab gets no animation frames.
options.debounceRendering = (draw) => setTimeout(draw, 16);

render(<App />, document.getElementById('app')!);
if (entered.value) start();

addEventListener('popstate', () => show(conversationOf(location.pathname)));
addEventListener('online', () => chat.connection.wake());
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  chat.connection.wake();
  void refreshList();
});
