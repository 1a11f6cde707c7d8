// The page's first steps: styles, the component tree, and the events of the browser window.
import { h, options, render } from 'preact';
import './theme.css';
import './base.css';
import { conversationOf } from './address.ts';
import { App } from './app.tsx';
import { keepOver } from './dialog/over.ts';
import { keepCalling } from './notifications/when-on.ts';
import { keepDensity } from './settings/density.ts';
import { keepTheme } from './settings/theme.ts';
import { listenToKeys } from './shortcuts/listen.ts';
import { catalogue, keepLive } from './sidebar/live.ts';
import { chat, entered, show, start } from './state.ts';
import { watchNetwork } from './status/network.ts';
import { keepToday } from './time.ts';
import { keepTitle } from './title.ts';

options.debounceRendering = inNextFrame;

keepTheme();
keepDensity();
if (entered.value) start();
const app = document.getElementById('app')!;
app.replaceChildren(); // it says that the page has not started
render(<App />, app);
keepLive();
keepTitle();
keepCalling();
listenToKeys();

keepOver(() => show(conversationOf(location.pathname) ?? '', history.state?.list === true));
keepToday();
watchNetwork(() => chat.connection);
document.addEventListener('visibilitychange', () => {
  if (document.hidden || !entered.value) return;
  chat.connection.wake();
  void catalogue.refresh();
});

/** A burst of entries is drawn once, with the next frame. A hidden tab gets no frames: a timer stands in for them. */
function inNextFrame(draw: () => void): void {
  const once = () => {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
    draw();
  };
  const timer = setTimeout(once, 100);
  const frame = requestAnimationFrame(once);
}
