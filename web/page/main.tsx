// The page's first steps: styles, the component tree, and the events of the browser window.
import { options, render } from 'preact';
import './theme.css';
import './base.css';
import { App } from './app.tsx';
import { conversationOf } from './address.ts';
import { chat, entered, show, start } from './state.ts';
import { refreshList } from './sidebar/list.ts';

options.debounceRendering = inNextFrame;

render(<App />, document.getElementById('app')!);
if (entered.value) start();

addEventListener('popstate', () => show(conversationOf(location.pathname)));
addEventListener('online', () => chat.connection.wake());
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  chat.connection.wake();
  void refreshList();
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
