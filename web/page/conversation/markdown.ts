// A text in other forms than the one that is drawn: its words in one line, and whether it is only emoji.
import { type Block, blocksOf, type Item, type List, wholeCode } from './blocks.ts';
import { type Span, wordsOf } from './inline.ts';

/**
 * The words of a text in one line, without the marks that are drawn and not read. All else that was typed is there.
 * What is struck out, quoted or an item keeps its mark: without it the line would say something else.
 */
export function plainOf(text: string): string {
  const blocks = blocksOf(text);
  return (blocks ? lineOf(blocks) : text).replace(/\s+/g, ' ').trim();
}

function lineOf(blocks: Block[]): string {
  return blocks.map(wordsIn).join(' ');
}

const lineOfSpans = (spans: Span[]) => wordsOf(spans, '~~');

function wordsIn(block: Block): string {
  switch (block.type) {
    case 'paragraph':
      return lineOfSpans(block.spans);
    case 'quote':
      return `> ${lineOf(block.blocks)}`;
    case 'code':
      return wholeCode(block);
    case 'list':
      return block.items.map(itemIn).join(' ');
    case 'table':
      return [block.header, ...block.rows].flat().map(lineOfSpans).join(' ');
    case 'rule':
      return block.typed;
  }
}

function itemIn({ mark, done, blocks }: Item): string {
  const box = done === undefined ? '' : `[${done ? 'x' : ' '}] `;
  return `${mark} ${box}${lineOf(blocks)}`;
}

/** The words of a list's items, without what stands before them. */
export const wordsOfItems = ({ items }: List) => items.map(({ blocks }) => lineOf(blocks)).join(' ');

const emoji =
  /^(?:[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\u200d\ufe0f\s]|[#*0-9]\ufe0f?\u20e3)+$/u;
const maxLarge = 40; // UTF-16 units, a dozen emoji or so

/** Whether a text is a few emoji and nothing else. */
export function isEmojiOnly(text: string): boolean {
  return text.length <= maxLarge && text.trim() !== '' && emoji.test(text);
}
