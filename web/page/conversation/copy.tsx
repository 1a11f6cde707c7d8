// A button that copies a text, and says for a moment that it did.
import { type ComponentChildren, h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { copyText } from '../clipboard.ts';
import { Icon } from '../icon.tsx';
import { notify } from '../status/notice.ts';
import { strings } from '../strings.ts';

const copiedShownFor = 2_000; // ms

interface Props {
  text: string;
  label?: string;
  hint?: string;
  tabIndex?: number;
  /** A picture in place of the label, which is then only heard. */
  picture?: ComponentChildren;
}

export function Copy({ text, label = strings.message.copy, hint, tabIndex, picture }: Props) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), copiedShownFor);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    const done = await copyText(text);
    setCopied(done);
    if (!done) notify(strings.message.textNotCopied);
  };
  return (
    <button class="button quiet" title={hint} tabIndex={tabIndex} onClick={() => void copy()}>
      {picture && copied ? tick : picture}
      <span aria-live="polite" class={picture ? 'visually-hidden' : undefined}>
        {copied ? strings.message.copied : label}
      </span>
    </button>
  );
}

// as wide as what it stands for: nothing beside it moves
const tick = <Icon size={14} line={2.5} sharp d="M4 13l5 5L20 6" />;
