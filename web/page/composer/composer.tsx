// Where one writes. What is not sent yet stays over a reload.

import { byteLength, canBeSeen } from '@verbatim/client';
import { h } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { cancelReply, replying, takeTarget } from '../conversation/replying.ts';
import { ReplyingLine } from '../conversation/replying-line.tsx';
import { sendsOf } from '../conversation/sends.ts';
import { draftOf, drafts, keepDraft } from '../drafts.ts';
import { chat, limits, user } from '../state.ts';
import { enterHints, strings } from '../strings.ts';
import './composer.css';
import { enterKey, sends } from './enter.ts';

export function Composer({ id }: { id: string }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [bytes, setBytes] = useState(0);
  const [blank, setBlank] = useState(true); // nobody would see what stands there
  const [tried, setTried] = useState(false); // and it was to be sent
  const over = Math.max(0, bytes - (limits.value?.text ?? Infinity)); // the limit is told after a draft is back
  const problem =
    over > 0 ? strings.composer.tooLong(over) : tried && bytes > 0 && blank ? strings.composer.unseen : '';

  useLayoutEffect(() => {
    field.current!.value = draftOf(id);
    measure();
    if (matchMedia('(hover: hover)').matches) field.current!.focus(); // on a phone that would raise the keyboard
  }, []);

  const kept = drafts.value.get(id) ?? '';
  useLayoutEffect(() => {
    if (field.current!.value === kept) return;
    field.current!.value = kept; // another tab has written on, or has sent it
    measure();
  }, [kept]);
  const measure = () => {
    const text = field.current!.value;
    setBytes(byteLength(text));
    setBlank(!canBeSeen(text));
    setTried(false);
    fit(field.current!);
  };
  const changed = () => {
    const text = field.current!.value;
    keepDraft(id, text);
    measure();
    if (text !== '') chat.conversation(id).typing();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const text = field.current!.value;
    if (!canBeSeen(text)) return setTried(true);
    if (byteLength(text) > (limits.value?.text ?? Infinity) || user.value === '') return;
    chat.send(id, text, { target: takeTarget(id) });
    sendsOf(id).value++;
    field.current!.value = '';
    field.current!.focus();
    keepDraft(id, '');
    measure();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event)) return;
    if (sends(event)) submit(event);
    if (event.key === 'Escape' && replying(id)) {
      event.preventDefault(); // it closes nothing else
      cancelReply(id);
    }
  };

  return (
    <form class="composer" onSubmit={submit}>
      <ReplyingLine id={id} />
      {problem && (
        <p id="composer-problem" class="problem" role="alert">
          {problem}
        </p>
      )}
      <div class="composer-row">
        <label class="visually-hidden" for="message">
          {strings.composer.label(id)}
        </label>
        <textarea
          id="message"
          ref={field}
          rows={1}
          dir="auto"
          placeholder={strings.composer.placeholder(id)}
          onInput={changed}
          onKeyDown={onKeyDown}
          aria-invalid={problem !== ''}
          aria-describedby={problem ? 'composer-problem' : undefined}
          title={enterHints[enterKey.value]}
          enterkeyhint={enterKey.value === 'send' ? 'send' : 'enter'}
        />
        <button
          class="button primary send"
          type="submit"
          aria-label={strings.composer.send}
          disabled={user.value === ''}
          aria-disabled={blank}
        >
          <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
            <path fill="currentColor" d="M3 20.5v-6.8L12 12 3 10.3V3.5L22 12z" />
          </svg>
        </button>
      </div>
    </form>
  );
}

/**
 * Enter that takes a word from an input method is no Enter of ours. Safari tells of it by the key's old number alone.
 */
const isComposing = (event: KeyboardEvent) => event.isComposing || event.keyCode === 229;

/**
 * Makes the field as high as its text; the style sheet sets where that ends. Its row keeps its height while the field
 * is measured: otherwise the log would be higher for that moment, and scroll.
 */
function fit(field: HTMLTextAreaElement): void {
  const row = field.parentElement!;
  row.style.minHeight = `${row.offsetHeight}px`;
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight + 2}px`;
  row.style.minHeight = '';
}
