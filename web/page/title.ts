// The window's title and its sign: how much is unread, and where one is.
import { effect } from '@preact/signals';
import icon from './icon.svg';
import unreadIcon from './icon-unread.svg';
import { entered, here, valid } from './state.ts';
import { unreadInAll } from './sidebar/live.ts';
import { strings } from './strings.ts';

export function titleFor(unread: number, conversation: string): string {
  return `${unread > 0 ? `(${unread}) ` : ''}${conversation ? `${conversation} · ` : ''}${strings.product}`;
}

export function keepTitle(): void {
  const sign = document.querySelector<HTMLLinkElement>('link[rel=icon]')!;
  effect(() => {
    const unread = entered.value ? unreadInAll() : 0;
    document.title = titleFor(unread, entered.value && valid.value ? here.value : '');
    const wanted = unread > 0 ? unreadIcon : icon;
    if (sign.getAttribute('href') !== wanted) sign.href = wanted;
  });
}
