// A dialog over the page, as a native dialog: the browser keeps the focus in it and gives it back, and Escape closes
// it.
import { type ComponentChildren, h } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import './dialog.css';
import { openDialog } from './open-dialog.ts';
import { strings } from './strings.ts';

export function Dialog({ title, children }: { title: string; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const shown = dialog.current!;
    shown.showModal();
    return () => shown.close(); // while it is in the page still, or the focus would be lost
  }, []);
  const mine = useRef(openDialog.peek()).current;
  const close = () => {
    // the next key may have asked for another dialog, which is not drawn yet
    if (openDialog.peek() === mine) openDialog.value = undefined;
  };
  const onCancel = (event: Event) => {
    // it closes when it is drawn so: a `close` of the browser's own comes some time after the key
    event.preventDefault();
    close();
  };
  const onClick = (event: MouseEvent) => {
    if (event.target === dialog.current) close(); // beside it
  };
  return (
    <dialog
      class="dialog"
      ref={dialog}
      aria-labelledby="dialog-title"
      onCancel={onCancel}
      onClose={() => dialog.current?.isConnected && close()}
      onClick={onClick}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id="dialog-title">{title}</h2>
          <button class="icon-button" aria-label={strings.close} title={strings.close} onClick={close}>
            ✕
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
