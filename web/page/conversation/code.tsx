// A block of code: coloured once the colours are loaded, and copied with one press.
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { strings } from '../strings.ts';
import './code.css';

type Colour = typeof import('./highlight.tsx')['colour'];

const colour = signal<Colour | undefined>(undefined); // a chunk of its own: who reads no code does not load it
const copiedShownFor = 2_000; // ms

export function CodeBlock({ code, language }: { code: string; language: string }) {
  const pre = useRef<HTMLPreElement>(null);
  useEffect(() => {
    if (language !== '' && !colour.value) import('./highlight.tsx').then((loaded) => (colour.value = loaded.colour), () => {}); // no network: it is read in one colour
  }, [language]);
  return (
    <div class="code-block" dir="ltr">
      <div class="code-head"><span>{language}</span><Copy pre={pre} code={code} /></div>
      <pre ref={pre} tabIndex={0} data-testid="code"><code>{(language !== '' && colour.value?.(code, language)) || code}</code></pre>
    </div>
  );
}

function Copy({ pre, code }: { pre: { current: HTMLElement | null }; code: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), copiedShownFor);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button class="button quiet" onClick={() => void copy(code, pre.current!).then(setCopied)}>
      <span aria-live="polite">{copied ? strings.message.copied : strings.message.copy}</span>
    </button>
  );
}

/** Copies, and says whether it did. Without https there is no clipboard to write to: the browser copies what is selected. */
async function copy(code: string, element: HTMLElement): Promise<boolean> {
  if (navigator.clipboard) return navigator.clipboard.writeText(code).then(() => true, () => false);
  getSelection()?.selectAllChildren(element);
  return document.execCommand('copy');
}
