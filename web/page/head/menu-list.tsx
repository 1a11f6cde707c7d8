// What can be done with a conversation beside writing in it.
import { h } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { sheet } from '../dialog/sheet.ts';
import { strings } from '../dialog/strings.ts';
import { isMuted, muteOwn, own } from '../sidebar/own.ts';
import { leave } from '../state.ts';
import { copyLink } from './link.ts';
import './menu.css';

interface Item {
  text: string;
  does(): void;
}

interface Props {
  id: string;
  label: string;
  /** The one that has opened it, and gets the focus back. */
  button: HTMLElement;
  hide(): void;
}

export function MenuList({ id, label, button, hide }: Props) {
  const list = useRef<HTMLDivElement>(null);
  void own.value; // whether it is muted
  const close = () => {
    hide();
    button.focus();
  };
  useEffect(() => {
    const place = button.parentElement!;
    const items = [...list.current!.children] as HTMLElement[];
    items[0]!.focus();
    const outside = (event: Event) => place.contains(event.target as Node) || hide();
    const onKeyDown = (event: KeyboardEvent) => {
      const at = items.indexOf(event.target as HTMLElement);
      if (event.key === 'Escape') close();
      else if (event.key === 'Tab') return hide();
      else if (event.key === 'ArrowDown') items[(at + 1) % items.length]!.focus();
      else if (event.key === 'ArrowUp') items.at(at - 1)!.focus();
      else if (event.key === 'Home') items[0]!.focus();
      else if (event.key === 'End') items.at(-1)!.focus();
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    place.addEventListener('keydown', onKeyDown);
    addEventListener('pointerdown', outside);
    return () => {
      place.removeEventListener('keydown', onKeyDown);
      removeEventListener('pointerdown', outside);
    };
  }, []);
  return (
    <div class="menu" role="menu" aria-label={label} ref={list}>
      {itemsFor(id).map(({ text, does }, at) => (
        <button key={at} class="menu-item" role="menuitem" tabIndex={-1} onClick={() => { close(); does(); }}>{text}</button>
      ))}
    </div>
  );
}

function itemsFor(id: string): Item[] {
  return [
    { text: strings.menu.copyLink, does: () => void copyLink(id) },
    { text: strings.menu.export, does: () => (sheet.value = 'export') },
    isMuted(id) ? { text: strings.menu.unmute, does: () => muteOwn(id, false) } : { text: strings.menu.mute, does: () => muteOwn(id, true) },
    { text: strings.menu.leave, does: () => leave(id) },
  ];
}
