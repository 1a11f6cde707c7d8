// The blocks of a text: paragraphs, lists, quotations, tables, code. What the lines may be (lines.ts) and is not
// plainly meant stays the text that it is. What comes out of here is drawn by an allow-list (markdown.tsx), so it
// cannot do harm; nor can it be slow: the time grows with the length, and what is deeper than anybody writes is no
// Markdown.
import { canBeSeen } from '@verbatim/client';
import { type Span, spansOf, wordsOf } from './inline.ts';
import { type Found, foundIn, TooDeep } from './lines.ts';

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
  /** Whether a line of ticks or tildes ends it. */
  closed: boolean;
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

/**
 * The blocks of a text; nothing where it is shown as it was typed: it is no Markdown, or nothing could be seen of it.
 */
export function blocksOf(text: string): Block[] | undefined {
  if (isPatch(text)) return undefined;
  try {
    const blocks = convert(foundIn(text).children);
    return blocks.some(isSeen) ? blocks : undefined;
  } catch (error) {
    if (error instanceof TooDeep) return undefined;
    throw error;
  }
}

/** What diff writes, where nobody marks it as code. */
const isPatch = (text: string) => hunk.test(text) && !/^ {0,3}(?:```|~~~)/m.test(text);
const hunk = /^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@/m;

/** Blocks of what was found. What is none is text as it was typed, and one paragraph with the text that it touches. */
function convert(all: Found[], inList = false): Block[] {
  const touches = (at: number) => at > 0 && at < all.length && all[at]!.first === all[at - 1]!.last + 1;
  const beside = (at: number, is: (other: number) => boolean) =>
    (touches(at) && is(at - 1)) || (touches(at + 1) && is(at + 1));
  const besidePlus = (at: number) => beside(at, (other) => isPlus(all[other]!));
  const blocks = all.map((found, at) => (found.type === 'list' && besidePlus(at) ? undefined : blockOf(found, inList)));
  const besideText = (at: number) => beside(at, (other) => !blocks[other]);
  const pieces: (Block | string)[] = [];
  all.forEach((found, at) => {
    const block = blocks[at];
    const last = pieces.at(-1);
    if (block && !(block.type === 'rule' && besideText(at))) pieces.push(block);
    else if (typeof last === 'string' && touches(at)) pieces[pieces.length - 1] = `${last}\n${typedIn(found)}`;
    else pieces.push(typedIn(found));
  });
  return pieces.flatMap((piece) => (typeof piece === 'string' ? textIn(piece) : piece));
}

function typedIn({ type, typed, words, first, last }: Found): string {
  return (type === 'paragraph' ? words : typed.slice(0, last - first + 1)).join('\n');
}

/** The block that was found; nothing where it is text. */
function blockOf(found: Found, inList: boolean): Block | undefined {
  switch (found.type) {
    case 'heading':
      return seen(paragraph(found.words[0]!, found.mark.length));
    case 'rule':
      return { type: 'rule', typed: typedIn(found).trim() };
    case 'quote':
      return seen({ type: 'quote', blocks: convert(found.children) });
    case 'code':
      return codeOf(found);
    case 'list':
      return listOf(found, inList);
    default:
      return undefined;
  }
}

const paragraph = (text: string, depth = 0): Paragraph => ({ type: 'paragraph', depth, spans: spansOf(text) });

/** Tildes that nothing closes are no code: ~~~ is also a long sigh. */
function codeOf({ words: [info, ...lines], mark, closed, inLine }: Found): CodeBlock | undefined {
  if (!closed && mark.startsWith('~')) return undefined;
  return seen({ type: 'code', info: info!, code: lines.join('\n'), closed: closed && !inLine });
}

/** Code with what stands behind its first ticks, unless that is a language: people also begin the code there. */
export function wholeCode({ info, code, closed }: CodeBlock): string {
  return info === '' || (closed && /^[\w+#.-]+$/.test(info)) ? code : `${info}\n${code}`;
}

/**
 * A line that begins with a plus is a sum, or one that diff shows as new; and what touches it, what it shows as old.
 */
const isPlus = ({ type, mark }: Found) => type === 'list' && mark === '+';

const marksInMarks = /^\s*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:[-*+]|\d{1,9}[.)])(?:\s|$)/; // * * * * * /usr/bin/backup

/** One line alone is no list, where it is not in another: it is a dash, a footnote, a negative number, or a year. */
function listOf(found: Found, inList: boolean): List | undefined {
  if (isPlus(found) || found.children.some(({ typed }) => marksInMarks.test(typed[0]!))) return undefined;
  const items = found.children.map(itemOf);
  if (!inList && items.length === 1 && items[0]!.done === undefined && items[0]!.blocks.length < 2) return undefined;
  const loose = isLoose(found.children) || found.children.some(({ children }) => isLoose(children));
  return seen({ type: 'list', marks: marksOf(items), loose, items });
}

function marksOf(items: Item[]): List['marks'] {
  if (!/\d/.test(items[0]!.mark)) return 'bullets';
  if (items.some(({ done }) => done !== undefined)) return 'typed'; // a box stands in the place of a number that counts
  return items.every(({ mark }, at) => mark === `${at + 1}.`) ? 'numbers' : 'typed';
}

/** Whether there are blank lines in between. */
const isLoose = (all: Found[]) => all.some(({ first }, at) => at > 0 && first > all[at - 1]!.last + 1);

function itemOf({ mark, children }: Found): Item {
  const [begin] = children;
  const task = begin?.type === 'paragraph' ? /^\[([ xX])\][ \t]+(?=\S)/.exec(begin.words[0]!) : null;
  if (!task) return { mark, blocks: convert(children, true) };
  const [line, ...lines] = begin!.words;
  const withoutBox = { ...begin!, words: [line!.slice(task[0].length), ...lines] };
  return { mark, done: task[1] !== ' ', blocks: convert([withoutBox, ...children.slice(1)], true) };
}

/** A paragraph, or a table below one. */
function textIn(text: string): Block[] {
  const lines = text.split('\n');
  const isBelow = (at: number) => at > 0 && cellsIn(lines[at]!).length === cellsIn(lines[at - 1]!).length;
  const line = lines.findIndex((each, at) => isDelimiter(each) && isBelow(at));
  const table = line < 0 ? undefined : tableOf(lines.slice(line - 1));
  if (!table) return [paragraph(text)];
  return line > 1 ? [paragraph(lines.slice(0, line - 1).join('\n')), table] : [table];
}

const delimiters = /^\|?(?:[ \t]*:?-+:?[ \t]*\|)*(?:[ \t]*:?-+:?)?$/;
const isDelimiter = (line: string) => line.includes('|') && delimiters.test(line.trim());

/** A row with more cells than the head has is no row of a table: they would not be seen. */
function tableOf([head, sides, ...lines]: string[]): Table | undefined {
  const header = cellsIn(head!);
  const rows = lines.map(cellsIn);
  if (rows.some((row) => row.slice(header.length).some((cell) => cell !== ''))) return undefined;
  const filled = rows.map((row) => header.map((_, column) => spansOf(row[column] ?? '')));
  return seen({ type: 'table', align: cellsIn(sides!).map(alignOf), header: header.map(spansOf), rows: filled });
}

function alignOf(delimiter: string): Table['align'][number] {
  if (!delimiter.endsWith(':')) return delimiter.startsWith(':') ? 'left' : null;
  return delimiter.startsWith(':') ? 'center' : 'right';
}

/** What stands between the bars of a line. A bar behind a backslash is one to be seen. */
function cellsIn(line: string): string[] {
  const pieces = line
    .trim()
    .replace(/^\|/, '')
    .matchAll(/((?:\\\||[^|])*)(?:\||$)/g);
  const cells = [...pieces].map(([, cell]) => cell!.trim().replaceAll('\\|', '|'));
  return cells.at(-1) === '' ? cells.slice(0, -1) : cells; // behind the last bar, or the end
}

const seen = <B extends Block>(block: B): B | undefined => (isSeen(block) ? block : undefined);

/** Whether it has words. A rule alone has none, and a quotation of signs is a face. */
function isSeen(block: Block): boolean {
  return hasWords(block, canBeSeen);
}

function hasWords(block: Block, isWord: (text: string) => boolean): boolean {
  switch (block.type) {
    case 'paragraph':
      return isWord(wordsOf(block.spans));
    case 'quote':
      return block.blocks.some((each) => hasWords(each, hasLetter));
    case 'list':
      return block.items.some(({ blocks }) => blocks.some((each) => hasWords(each, isWord)));
    case 'table':
      return [block.header, ...block.rows].flat().some((spans) => isWord(wordsOf(spans)));
    case 'code':
      return isWord(block.code);
    case 'rule':
      return false;
  }
}

const hasLetter = (text: string) => /[\p{L}\p{N}\p{Extended_Pictographic}\p{Regional_Indicator}]/u.test(text);
