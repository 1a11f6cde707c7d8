// Where one writes. Enter sends, Shift+Enter starts a new line; what is not sent yet stays over a reload.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { byteLength } from '@verbatim/client';
import { takeTarget } from '../conversation/answering.ts';
import { Answering } from '../conversation/answering-line.tsx';
import { chat, limits, user } from '../state.ts';
import { ofThisTab } from '../storage.ts';
import { strings } from '../strings.ts';
import './composer.css';

export function Composer({ id }: { id: string }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [over, setOver] = useState(0);
  const draft = `verbatim.draft/${id}`;

  useLayoutEffect(() => {
    field.current!.value = ofThisTab.getItem(draft) ?? '';
    fit(field.current!);
    if (matchMedia('(hover: hover)').matches) field.current!.focus(); // on a phone that would raise the keyboard
  }, []);

  const excess = () => Math.max(0, byteLength(field.current!.value) - (limits.value?.text ?? Infinity));
  const changed = () => {
    const text = field.current!.value;
    ofThisTab.setItem(draft, text);
    setOver(excess());
    fit(field.current!);
    if (text !== '') chat.conversation(id).typing();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const text = field.current!.value;
    if (text.trim() === '' || excess() > 0 || user.value === '') return;
    chat.send(id, text, takeTarget(id));
    field.current!.value = '';
    field.current!.focus();
    ofThisTab.removeItem(draft);
    fit(field.current!);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) submit(event);
  };

  return (
    <form class="composer" onSubmit={submit}>
      <Answering id={id} />
      {over > 0 && <p id="composer-problem" class="problem" role="alert">{strings.composer.tooLong(over)}</p>}
      <div class="composer-row">
        <label class="visually-hidden" for="message">{strings.composer.label(id)}</label>
        <textarea
          id="message" ref={field} rows={1} dir="auto" placeholder={strings.composer.placeholder(id)} onInput={changed} onKeyDown={onKeyDown}
          aria-invalid={over > 0} aria-describedby={over > 0 ? 'composer-problem' : undefined} title={strings.composer.hint} enterkeyhint="send"
        />
        <button class="button primary send" type="submit" aria-label={strings.composer.send} disabled={user.value === ''}>
          <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path fill="currentColor" d="M3 20.5v-6.8L12 12 3 10.3V3.5L22 12z" /></svg>
        </button>
      </div>
    </form>
  );
}

/** Makes the field as high as its text; the style sheet sets where that ends. */
function fit(field: HTMLTextAreaElement): void {
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight + 2}px`;
}
