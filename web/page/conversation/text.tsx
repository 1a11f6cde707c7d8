// The text of a message: as Markdown, large where it is a few emoji, and folded where it is very long.
import { Fragment, h } from 'preact';
import { useState } from 'preact/hooks';
import { cutBefore } from '../graphemes.ts';
import { strings } from '../strings.ts';
import { addressAt } from './addresses.ts';
import { isEmojiOnly } from './markdown.ts';
import { Markdown } from './markdown.tsx';
import './text.css';

const longest = 2_500; // characters that are shown at once
const maxLines = 40;
const unfolded = new Set<string>(); // texts; a row that is scrolled away and back stays unfolded

export function Text({ text, whole = false }: { text: string; whole?: boolean }) {
  const [, redraw] = useState(0);
  const beginning = whole || unfolded.has(text) ? undefined : beginningOf(text);
  const plain = beginning !== undefined && isCutWithin(text, beginning.length);
  const unfold = () => {
    unfolded.add(text);
    redraw((times) => times + 1);
  };
  return (
    <>
      <div class={isEmojiOnly(text) ? 'text large' : 'text'} data-testid="text">
        <Markdown text={beginning ?? text} plain={plain} />
      </div>
      {beginning !== undefined && (
        <button class="button quiet unfold" onClick={unfold}>
          {strings.message.showAll(text.length - beginning.length)}
        </button>
      )}
    </>
  );
}

/** As much of a very long text as is shown at first, up to the end of a line or a word; nothing where all of it is. */
export function beginningOf(text: string): string | undefined {
  const end = endOfLines(text, maxLines);
  if (text.length <= longest * 1.2 && end === text.length) return undefined;
  const cut = Math.min(end, longest);
  const line = text.lastIndexOf('\n', cut);
  const word = text.lastIndexOf(' ', cut);
  const good = [line, word].find((at) => at > cut / 2) ?? cut;
  const beginning = text.slice(0, cutBefore(text, good));
  const before = beginning.slice(0, addressAcross(text, beginning.length));
  return before.trim() === '' ? beginning : before;
}

/** Whether what is shown at first ends within an address: a link to the half of one leads elsewhere. */
export const isCutWithin = (text: string, cut: number) => addressAcross(text, cut) < cut;

/** Where the address begins that is on both sides of a place; that place where none is. */
function addressAcross(text: string, cut: number): number {
  let at = cut;
  while (at > 0 && !/\s/.test(text.charAt(at - 1))) at--;
  while (at < cut) {
    const address = addressAt(text, at);
    if (address && address.end > cut) return at;
    at = address?.end ?? at + 1;
  }
  return cut;
}

function endOfLines(text: string, lines: number): number {
  let end = -1;
  for (let line = 0; line < lines; line++) {
    end = text.indexOf('\n', end + 1);
    if (end < 0) return text.length;
  }
  return end;
}
