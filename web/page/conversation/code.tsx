// A block of code: coloured once the colours are loaded, and copied with one press.
import { signal } from '@preact/signals';
import { type ComponentChildren, h } from 'preact';
import { useEffect } from 'preact/hooks';
import { Copy } from './copy.tsx';
import type { colour as colourOf, Node } from './highlight.ts';
import './code.css';

const colour = signal<typeof colourOf | undefined>(undefined); // a chunk of its own: who reads no code does not load it

/** `info` is shown as it was typed; its first word may name a language. What is copied has it too, where it is code. */
export function CodeBlock({ code, info, copied }: { code: string; info: string; copied: string }) {
  const language = info.split(/\s/)[0]!.toLowerCase();
  useEffect(() => {
    if (language !== '' && !colour.value) void loadColours();
  }, [language]);
  return (
    <div class="code-block" dir="ltr">
      <div class="code-head">
        <span dir="auto">{info}</span>
        <Copy text={copied} />
      </div>
      <pre tabIndex={0} data-testid="code">
        <code>{(language !== '' && colour.value?.(code, language)?.map(draw)) || code}</code>
      </pre>
    </div>
  );
}

async function loadColours(): Promise<void> {
  try {
    colour.value = (await import('./highlight.ts')).colour;
  } catch {
    // no network: it is read in one colour
  }
}

function draw(node: Node): ComponentChildren {
  if (node.type === 'text') return node.value;
  if (node.type !== 'element') return null;
  const classes = Array.isArray(node.properties.className) ? node.properties.className.join(' ') : undefined;
  return <span class={classes}>{node.children.map(draw)}</span>;
}
