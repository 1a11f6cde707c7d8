// A button that copies a text, and says for a moment that it did.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { copyText } from '../clipboard.ts';
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
  return (
    <button class="button quiet" title={hint} tabIndex={tabIndex} onClick={() => void copyText(text).then(setCopied)}>
      {!copied && picture}
      <span aria-live="polite" class={picture && !copied ? 'visually-hidden' : undefined}>{copied ? strings.message.copied : label}</span>
    </button>
  );
}
