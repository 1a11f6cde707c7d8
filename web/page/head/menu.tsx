// The button for what can be done with a conversation beside writing in it.
import { h } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { loadParts, parts } from '../dialog/load.ts';
import { Icon } from '../icon.tsx';
import { strings } from '../strings.ts';

export function Menu({ id }: { id: string }) {
  const [asked, setAsked] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const loaded = parts.value;
  const shown = asked && loaded !== undefined;
  const label = strings.menu.open(id);
  const hide = () => setAsked(false);
  const press = () => {
    setAsked(!asked);
    if (!loaded) void loadParts(hide);
  };
  return (
    <div class="menu-place">
      <button class="icon-button" ref={button} aria-haspopup="menu" aria-expanded={shown} aria-label={label} title={label} onClick={press}>
        <Icon size={22} line={3.8} d="M12 5h.01M12 12h.01M12 19h.01" />
      </button>
      {shown && <loaded.MenuList id={id} label={label} button={button.current!} hide={hide} />}
    </div>
  );
}
