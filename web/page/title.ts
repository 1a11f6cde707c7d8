// The window's title and its sign: how much is unread, and where one is.
import { effect } from '@preact/signals';
import icon from './icon.svg';
import unreadIcon from './icon-unread.svg';
import { entered, here, valid } from './state.ts';
import { unreadInAll } from './sidebar/live.ts';
import { strings } from './strings.ts';

export function keepTitle(): void {
  const sign = document.querySelector<HTMLLinkElement>('link[rel=icon]')!;
  effect(() => {
    const unread = entered.value ? unreadInAll() : 0;
    document.title = strings.title(unread, entered.value && valid.value ? here.value : '');
    const wanted = unread > 0 ? unreadIcon : icon;
    if (sign.getAttribute('href') !== wanted) sign.href = wanted;
  });
}
