// The blocks of a message: paragraphs, lists, quotations, tables, code. marked finds them; what is not plainly meant as one
// stays the text that it is. What comes out of here is drawn by an allow-list (markdown.tsx), so it cannot do harm; it can
// only be slow, and that is what the bounds are for. A text that is over them is no Markdown, and is shown as it was typed.
import { Lexer, Tokenizer, type Token, type Tokens, type TokensList } from 'marked';
import { canBeSeen } from '@verbatim/client';
import { spansOf, wordsOf, type Span } from './inline.ts';

export type Block = Paragraph | Quote | Rule | CodeBlock | List | Table;

export interface Paragraph {
  type: 'paragraph';
  spans: Span[];
  /** A heading's; 0 where it is none. */
  depth: number;
}

export interface Quote {
  type: 'quote';
  blocks: Block[];
}

export interface Rule {
  type: 'rule';
  typed: string;
}

export interface CodeBlock {
  type: 'code';
  code: string;
  /** What stands behind the first fence: a language, most often. */
  info: string;
}

export interface List {
  type: 'list';
  /** What stands before its items: bullets, numbers that count from 1 on, or else what was typed before each. */
  marks: 'bullets' | 'numbers' | 'typed';
  loose: boolean;
  items: Item[];
}

export interface Item {
  mark: string;
  /** Of a task, whether it is done. */
  done?: boolean;
  blocks: Block[];
}

export interface Table {
  type: 'table';
  align: ('center' | 'left' | 'right' | null)[];
  header: Span[][];
  rows: Span[][][];
}

/** The blocks of a text; nothing where it is no Markdown that can be read in bounded time, or where nothing could be seen of it. */
export function blocksOf(text: string): Block[] | undefined {
  if (isPatch.test(text)) return undefined;
  try {
    const blocks = convert(new BoundedLexer(text.length).blockTokens(text.replace(/\r\n?/g, '\n')));
    return blocks.some(isSeen) ? blocks : undefined;
  } catch (error) {
    if (error instanceof TooMuch) return undefined;
    throw error;
  }
}

const isPatch = /^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@(?![^]*^```)/m; // what diff writes, where it is not in code anyhow

const deepest = 20; // quotes in lists in quotes
const mostRead = 30; // times its length that a text may be looked at, for what is nested is looked at again on each level

class TooMuch extends Error {}

class BoundedLexer extends Lexer {
  private depth = 0;
  private read = 0;

  constructor(private readonly length: number) {
    super({ gfm: true, tokenizer: new PlainTokenizer() });
  }

  override blockTokens(src: string, tokens: Token[] = [], clipped = false): TokensList {
    this.read += src.length;
    if (++this.depth > deepest || this.read > mostRead * this.length + 1_000) throw new TooMuch();
    super.blockTokens(src, tokens, clipped);
    this.depth--;
    return tokens as TokensList;
  }
}

/** Takes for text what people type for other reasons than to mark it. */
class PlainTokenizer extends Tokenizer {
  /** People indent for many reasons. */
  override code(): undefined {}
  override html(): undefined {}
  override def(): undefined {}
  /** A line of signs below a line of words is a table of sums, more often than a heading. */
  override lheading(): undefined {}

  override fences(src: string): Tokens.Code | undefined {
    const code = super.fences(src);
    return code && canBeSeen(code.text) && (/^ *`/.test(code.raw) || closedByTildes.test(code.raw)) ? code : undefined;
  }

  /** Up to a line that begins with another arrow. >_< is a face, and >>> is Python's. */
  override blockquote(src: string): Tokens.Blockquote | undefined {
    if (!quotes.test(src)) return undefined;
    const end = src.search(otherArrow);
    return super.blockquote(end < 0 ? src : src.slice(0, end + 1));
  }
}

const closedByTildes = /\n {0,3}~{3,} *$/;
const quotes = /^ {0,3}>(?:[ \t]|\n|$|(?!\p{L}{1,2}<)\p{L})/u;
const otherArrow = /\n {0,3}>(?![ \t>\n]|$|(?!\p{L}{1,2}<)\p{L})|\n[ \t]*\n/u; // or the end of the paragraph, so that a long text is not looked at again and again

/** Blocks of tokens. What is none is text as it was typed, and one paragraph with the text that it touches. */
function convert(tokens: Token[], inList = false): Block[] {
  const found = tokens.map((token, index) => blockOf(token, tokens[index - 1], tokens[index + 1], inList));
  const pieces: (Block | string)[] = [];
  tokens.forEach((token, index) => {
    if (token.type === 'space') return;
    const touches = (at: number) => tokens[at] !== undefined && tokens[at].type !== 'space' && found[at] === undefined;
    const block = found[index];
    const isBlock = block && !(block.type === 'rule' && (touches(index - 1) || touches(index + 1)));
    const piece = isBlock ? block : token.raw.replace(/^\n+|\n+$/g, '');
    const last = pieces.at(-1);
    if (typeof piece === 'string' && typeof last === 'string' && tokens[index - 1]?.type !== 'space') pieces[pieces.length - 1] = `${last}\n${piece}`;
    else pieces.push(piece);
  });
  return pieces.map((piece) => (typeof piece === 'string' ? paragraph(piece) : piece));
}

const paragraph = (text: string, depth = 0): Paragraph => ({ type: 'paragraph', depth, spans: spansOf(text) });

/** The block that a token is; nothing where it is text. */
function blockOf(token: Token, before: Token | undefined, after: Token | undefined, inList: boolean): Block | undefined {
  switch (token.type) {
    case 'heading': return seen(paragraph(token.text, token.depth));
    case 'hr': return /\S[ \t]+\S/.test(token.raw) ? undefined : { type: 'rule', typed: token.raw.trim() }; // * * * is a cron line's beginning
    case 'blockquote': return seen({ type: 'quote', blocks: convert(token.tokens ?? []) });
    case 'code': return { type: 'code', code: token.text, info: infoOf(token.raw) };
    case 'list': return isPlus(before) || isPlus(after) ? undefined : listOf(token as Tokens.List, inList);
    case 'table': return tableOf(token as Tokens.Table);
    default: return undefined;
  }
}

const infoOf = (raw: string) => /^\s*(?:`+|~+)(.*)/.exec(raw)![1]!.trim();

/** A line that begins with a plus is a sum, or one that diff shows as new; and what touches it, what it shows as old. */
const isPlus = (token: Token | undefined) => token?.type === 'list' && token.raw.trimStart().startsWith('+');

const markOf = ({ raw }: Tokens.ListItem) => /^\s*([-*+]|\d{1,9}[.)])/.exec(raw)![1]!;
const marksInMarks = /^\s*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:[-*+]|\d{1,9}[.)])(?:\s|$)/; // * * * * * /usr/bin/backup

/** One line alone is no list, where it is not in another: it is a dash, a negative number, a footnote, or the year in which something happened. */
function listOf(token: Tokens.List, inList: boolean): List | undefined {
  if (isPlus(token) || token.items.some(({ raw }) => marksInMarks.test(raw))) return undefined;
  const items = token.items.map((item): Item => itemOf(item));
  if (!inList && items.length === 1 && items[0]!.done === undefined && items[0]!.blocks.length < 2) return undefined;
  const count = items.every(({ mark }, index) => mark === `${index + 1}.`);
  return seen({ type: 'list', loose: token.loose, marks: token.ordered ? (count ? 'numbers' : 'typed') : 'bullets', items });
}

function itemOf(item: Tokens.ListItem): Item {
  const tokens = item.tokens.filter(({ type }) => type !== 'checkbox').map((token, index) => (index === 0 && item.task && item.loose ? withoutBox(token) : token));
  const mark = markOf(item);
  return { mark, ...(item.task && { done: item.checked === true }), blocks: convert(tokens, true) };
}

/** marked writes the box of a task before its first paragraph. */
const withoutBox = (token: Token): Token => ({ ...token, raw: token.raw.replace(/^\[[ xX]\][ \t]+/, '') });

/** A row with more cells than the head has is no row of a table: marked would leave out the rest. */
function tableOf(token: Tokens.Table): Table | undefined {
  const lines = token.raw.split('\n');
  const typed = [lines[0], ...lines.slice(2)].join('');
  const cells = [token.header, ...token.rows].flat().map(({ text }) => text).join('');
  if (typed.replace(/[\s|\\]/g, '') !== cells.replace(/[\s|\\]/g, '')) return undefined;
  const row = (of: Tokens.TableCell[]) => of.map(({ text }) => spansOf(text));
  return seen({ type: 'table', align: token.align, header: row(token.header), rows: token.rows.map(row) });
}

const seen = <B extends Block>(block: B): B | undefined => (isSeen(block) ? block : undefined);

/** Whether it has words. A rule alone has none. */
function isSeen(block: Block): boolean {
  switch (block.type) {
    case 'paragraph': return canBeSeen(wordsOf(block.spans));
    case 'quote': return block.blocks.some(isSeen);
    case 'list': return block.items.some(({ blocks }) => blocks.some(isSeen));
    case 'table': return [block.header, ...block.rows].flat().some((spans) => canBeSeen(wordsOf(spans)));
    case 'code': return canBeSeen(block.code);
    case 'rule': return false;
  }
}
