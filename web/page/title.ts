// The window's title and its sign: how much is unread, and where one is.
import { effect } from '@preact/signals';
import icon from './icon.svg';
import unreadIcon from './icon-unread.svg';
import { unreadInAll } from './sidebar/live.ts';
import { entered, here, valid, watch } from './state.ts';
import { strings } from './strings.ts';
import { isRead } from './watched.ts';

export function keepTitle(): void {
  const sign = document.querySelector<HTMLLinkElement>('link[rel=icon]')!;
  effect(() => {
    const open = entered.value && valid.value ? here.value : '';
    // What comes while one reads at the end is unread until the next frame: without this the title would change all the
    // time.
    const read = open !== '' && isRead() && !watch(open).heldBack ? open : undefined;
    const unread = entered.value ? unreadInAll(read) : 0;
    const title = strings.title(unread, open);
    if (document.title !== title) document.title = title; // each time costs the browser a message to its window
    const wanted = unread > 0 ? unreadIcon : icon;
    if (sign.getAttribute('href') !== wanted) sign.href = wanted;
  });
}
