// A text in other forms than the one that is drawn: its words in one line, and whether it is only emoji.
import { blocksOf, wholeCode, type Block, type Item, type List } from './blocks.ts';
import { wordsOf } from './inline.ts';

/** The words of a text in one line, without the marks that are drawn and not read. Whatever else was typed is there. */
export function plainOf(text: string): string {
  const blocks = blocksOf(text);
  return (blocks ? lineOf(blocks) : text).replace(/\s+/g, ' ').trim();
}

export function lineOf(blocks: Block[]): string {
  return blocks.map(wordsIn).join(' ');
}

function wordsIn(block: Block): string {
  switch (block.type) {
    case 'paragraph': return wordsOf(block.spans);
    case 'quote': return lineOf(block.blocks);
    case 'code': return wholeCode(block);
    case 'list': return block.items.map((item) => itemIn(block, item)).join(' ');
    case 'table': return [block.header, ...block.rows].flat().map(wordsOf).join(' ');
    case 'rule': return block.typed;
  }
}

function itemIn({ marks }: List, { mark, done, blocks }: Item): string {
  const box = done === undefined ? '' : `[${done ? 'x' : ' '}] `;
  return `${marks === 'bullets' ? '' : `${mark} `}${box}${lineOf(blocks)}`;
}

const emoji = /^(?:[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\u200d\ufe0f\s]|[#*0-9]\ufe0f?\u20e3)+$/u;
const mostLarge = 40; // UTF-16 units, a dozen emoji or so

/** Whether a text is a few emoji and nothing else. */
export function isEmojiOnly(text: string): boolean {
  return text.length <= mostLarge && text.trim() !== '' && emoji.test(text);
}
