// The page's first steps: styles, the component tree, and the events of the browser window.
import { options, render } from 'preact';
import './theme.css';
import './base.css';
import { App } from './app.tsx';
import { conversationOf } from './address.ts';
import { keepCalling } from './notifications/call.ts';
import { keepTheme } from './settings/theme.ts';
import { listenToKeys } from './shortcuts/listen.ts';
import { catalogue, keepLive } from './sidebar/live.ts';
import { chat, entered, show, start } from './state.ts';
import { keepTitle } from './title.ts';

// A burst of entries is drawn once, not once for each. A timer, for a hidden tab gets no animation frames.
options.debounceRendering = (draw) => setTimeout(draw, 16);

keepTheme();
if (entered.value) start();
render(<App />, document.getElementById('app')!);
keepLive();
keepTitle();
keepCalling();
listenToKeys();

addEventListener('popstate', () => show(conversationOf(location.pathname) ?? '', history.state?.list === true));
addEventListener('online', () => chat.connection.wake());
document.addEventListener('visibilitychange', () => {
  if (document.hidden || !entered.value) return;
  chat.connection.wake();
  void catalogue.refresh();
});
