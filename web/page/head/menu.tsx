// What can be done with a conversation beside writing in it.
import { h } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { openDialog } from '../dialog/open-dialog.ts';
import { Icon } from '../icon.tsx';
import { isMuted, muteConversation, myConversations } from '../sidebar/my-conversations.ts';
import { leave } from '../state.ts';
import { strings } from '../strings.ts';
import { copyLink } from './link.ts';

interface Item {
  text: string;
  does(): void;
}

export function Menu({ id }: { id: string }) {
  const [shown, setShown] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  void myConversations.value; // whether it is muted
  const button = () => place.current!.querySelector<HTMLElement>('button')!;
  const close = () => {
    setShown(false);
    button().focus();
  };
  useEffect(() => {
    if (!shown) return;
    items()[0]?.focus();
    const outside = (event: Event) => place.current!.contains(event.target as Node) || setShown(false);
    addEventListener('pointerdown', outside);
    return () => removeEventListener('pointerdown', outside);
  }, [shown]);
  const items = () => [...place.current!.querySelectorAll<HTMLElement>('[role=menuitem]')];
  const onKeyDown = (event: KeyboardEvent) => {
    const at = items().indexOf(event.target as HTMLElement);
    if (!shown) return;
    if (event.key === 'Escape') close();
    else if (event.key === 'Tab') return setShown(false);
    else if (event.key === 'ArrowDown') items()[(at + 1) % items().length]!.focus();
    else if (event.key === 'ArrowUp')
      items()
        .at(at - 1)!
        .focus();
    else if (event.key === 'Home') items()[0]!.focus();
    else if (event.key === 'End') items().at(-1)!.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="menu-place" ref={place} onKeyDown={onKeyDown}>
      <button
        class="icon-button"
        aria-haspopup="menu"
        aria-expanded={shown}
        aria-label={strings.menu.open(id)}
        title={strings.menu.open(id)}
        onClick={() => setShown(!shown)}
      >
        <Icon size={22} line={3.8} d="M12 5h.01M12 12h.01M12 19h.01" />
      </button>
      {shown && (
        <div class="menu" role="menu" aria-label={strings.menu.open(id)}>
          {itemsFor(id).map(({ text, does }) => (
            <button
              key={text}
              class="menu-item"
              role="menuitem"
              tabIndex={-1}
              onClick={() => {
                close();
                does();
              }}
            >
              {text}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function itemsFor(id: string): Item[] {
  return [
    { text: strings.menu.copyLink, does: () => void copyLink(id) },
    { text: strings.menu.export, does: () => (openDialog.value = 'export') },
    isMuted(id)
      ? { text: strings.menu.unmute, does: () => muteConversation(id, false) }
      : { text: strings.menu.mute, does: () => muteConversation(id, true) },
    { text: strings.menu.leave, does: () => leave(id) },
  ];
}
