// Finds what the lines of a text may be: quotations, lists, headings, code, rules and paragraphs. As the appendix of
// CommonMark tells, each line is taken by what is open, or begins something new, or goes on with the last paragraph.
// What nobody means in a conversation is left out: indented code, HTML, definitions of links, underlined headings. And
// who answers below a quotation is not quoted: only a line with its own arrow is.

export interface Found {
  type: 'text' | 'quote' | 'list' | 'item' | 'paragraph' | 'heading' | 'rule' | 'code';
  /** The lines it stands on; blank ones at its end are not its own. */
  first: number;
  last: number;
  /** What stands there, as it was typed. */
  typed: string[];
  children: Found[];
  /** What marks an item, a heading, or the beginning of code. */
  mark: string;
  /** How many columns belong to the mark of an item, or stand before that of code. */
  width: number;
  /** The lines of a paragraph or of code; the words of a heading, or behind the mark of code. */
  words: string[];
  closed: boolean;
  /** Whether code ends within a line. */
  inLine: boolean;
}

export class TooDeep extends Error {}

const deepest = 40; // a list and its item count as two

/** All that a text has: the children of what is given back. */
export function foundIn(text: string): Found {
  const lines = text.split(/\r\n|\r|\n/);
  const lastOf = (closes: RegExp) => lines.reduce((last, line, at) => (closes.test(line) ? at : last), -1);
  const finder = new Finder(lastOf(/^[ \t>]*~{3,}[ \t]*$/), lastOf(/^[ \t>]*`{3,}[ \t]*$/));
  for (const line of lines) finder.take(line);
  return finder.all;
}

const face = /^>(?:[^\s>]{1,3}<|[:;=]-?[()|/\\DOPop3]|\p{Lu}{1,2}[ \t]*$)/u; // >_< >w< >:( >D
const isQuoted = (text: string) => /^>(?:[ \t]|$|\p{L})/u.test(text) && !face.test(text); // >>> is Python's
const isQuotedOn = (text: string) => text.startsWith('>') && !face.test(text);
const heading = /^(#{1,6})(?=[ \t]|$)(.*)/;
const rule = /^(?:\*{3,}|-{3,}|_{3,})[ \t]*$/;
const fence = /^(`{3,}(?=[^`]*$)|~{3,})(.*)$/;
const item = /^(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$)/;

class Finder {
  readonly all = found('text', 0);
  private open: Found[] = [this.all];
  private line = -1;
  private rest = ''; // of the line
  private column = 0; // where that begins
  private views: string[] = []; // what each that is open sees of the line

  /** The last lines that may close code. */
  constructor(
    private readonly lastTildes: number,
    private readonly lastTicks: number,
  ) {}

  take(line: string): void {
    this.line++;
    this.rest = line;
    this.column = 0;
    this.views = [''];
    let taken = 1;
    while (taken < this.open.length && this.goesOn(this.open[taken]!)) taken++;
    const tip = this.open.at(-1)!;
    if (taken === this.open.length && tip.type === 'code') this.code(tip);
    else this.begin(taken, tip);
    for (const [index, found] of this.open.entries()) this.see(found, this.views[index] ?? this.rest);
    if (this.open.at(-1)!.closed) this.open.pop();
  }

  private see(found: Found, view: string): void {
    found.typed.push(view);
    if (view.trim() !== '') found.last = this.line;
  }

  /** Whether the line is of what is open. What marks it so is taken off the rest. */
  private goesOn(found: Found): boolean {
    const view = this.rest;
    if (!this.takes(found)) return false;
    this.views.push(view);
    return true;
  }

  private takes({ type, children, width }: Found): boolean {
    const blank = this.rest.trim() === '';
    switch (type) {
      case 'list':
      case 'code':
        return true;
      case 'quote':
        return this.indent() <= 3 && isQuotedOn(this.rest.trimStart()) && this.skipArrow();
      case 'item':
        return blank ? children.length > 0 : this.indent() >= width && this.skip(width);
      case 'paragraph':
        return !blank;
      default:
        return false;
    }
  }

  /** Begins what the line begins, in those that have taken it so far; what is left is text. */
  private begin(taken: number, tip: Found): void {
    const goesOn = tip.type === 'paragraph' && taken === this.open.length;
    let around = goesOn ? taken - 1 : taken;
    const below = tip.type === 'paragraph';
    let begun = this.start(around, goesOn, below);
    if (!begun && this.isLazy(taken, tip)) return void tip.words.push(this.rest);
    if (!begun && this.rest.trim() === '') return this.leave(taken);
    while (begun) {
      if (begun.closed || begun.type === 'code') return;
      around = this.open.length;
      begun = this.start(around, false, false);
    }
    if (this.rest.trim() === '') return;
    this.leave(around);
    if (this.open.at(-1)!.type === 'list') this.open.pop();
    this.add('paragraph', { words: [this.rest] });
  }

  /** Whether the last paragraph goes on. In an item it may without an indent. */
  private isLazy(taken: number, tip: Found): boolean {
    if (tip.type !== 'paragraph' || this.rest.trim() === '') return false;
    return !this.open.slice(taken).some(({ type }) => type === 'quote');
  }

  /** Begins what the rest begins, in the first so many: `below` a line of text; `interrupts` where that could go on. */
  private start(around: number, interrupts: boolean, below: boolean): Found | undefined {
    if (this.indent() > 3) return undefined;
    const view = this.rest;
    const text = view.trimStart();
    const begun =
      this.startQuote(around, text, below) ??
      this.startLeaf(around, text, interrupts) ??
      this.startItem(around, text, interrupts);
    if (begun) this.views[this.open.length - 1] = view;
    return begun;
  }

  /** Below a line of text an arrow with an indent is a shell's, a tag's or a cat's. */
  private startQuote(around: number, text: string, below: boolean): Found | undefined {
    if (!isQuoted(text) || (below && this.indent() > 0)) return undefined;
    this.leave(around, 'quote');
    this.skipArrow();
    return this.add('quote');
  }

  /** One # below a line of text is no heading: it is a comment, in a script that nobody marks as code. */
  private startLeaf(around: number, text: string, interrupts: boolean): Found | undefined {
    const width = this.indent();
    const add = (type: Found['type'], mark: string, words: string) => {
      this.leave(around, type);
      return this.add(type, { mark, width, words: [words], closed: type !== 'code' });
    };
    if (rule.test(text)) return add('rule', '', '');
    const [, signs, title = ''] = heading.exec(text) ?? [];
    if (signs)
      return interrupts && signs === '#' ? undefined : add('heading', signs, title.trim().replace(/(^|[ \t])#+$/, ''));
    const [, mark, info = ''] = fence.exec(text) ?? [];
    if (!mark || (mark.startsWith('~') && this.line >= this.lastTildes)) return undefined;
    return add('code', mark, info.trim());
  }

  private startItem(around: number, text: string, interrupts: boolean): Found | undefined {
    const mark = item.exec(text)?.[0];
    if (mark === undefined) return undefined;
    if (interrupts && (text.slice(mark.length).trim() === '' || /^(?!1[.)])\d/.test(mark))) return undefined;
    const view = this.rest;
    const before = this.indent();
    this.skip(before);
    this.advance(mark.length);
    const after = this.indent();
    const blank = this.rest.trim() === '';
    const gap = blank || after > 4 ? 1 : after;
    this.skip(gap);
    this.leave(around, 'item');
    if (this.open.at(-1)!.type === 'list' && kindOf(this.open.at(-1)!.mark) !== kindOf(mark)) this.open.pop();
    if (this.open.at(-1)!.type !== 'list') {
      this.add('list', { mark });
      this.views[this.open.length - 1] = view;
    }
    return this.add('item', { mark, width: before + mark.length + gap });
  }

  /** A line of ticks ends code; where none is below, as many ticks at the end of another line do: people write so. */
  private code(found: Found): void {
    const text = this.rest.trim();
    const closes = text.length >= found.mark.length && text === found.mark.charAt(0).repeat(text.length);
    found.last = this.line;
    if (closes && this.indent() <= 3) return void (found.closed = true);
    this.skip(Math.min(found.width, this.indent()));
    const ticks = found.first >= this.lastTicks ? /`+$/.exec(text.slice(-found.mark.length - 1))?.[0] : undefined;
    found.inLine = found.closed = ticks === found.mark;
    found.words.push(found.inLine ? this.rest.trimEnd().slice(0, -found.mark.length) : this.rest);
  }

  /** Closes what is below so many. Only a list holds items, and it holds nothing else. */
  private leave(count: number, type?: Found['type']): void {
    this.open.length = Math.min(this.open.length, count);
    this.views.length = this.open.length;
    if (type !== undefined && type !== 'item' && this.open.at(-1)!.type === 'list') this.open.pop();
  }

  private add(type: Found['type'], more: Partial<Found> = {}): Found {
    const added = { ...found(type, this.line), ...more };
    this.open.at(-1)!.children.push(added);
    this.open.push(added);
    if (this.open.length > deepest) throw new TooDeep();
    return added;
  }

  // The rest of the line

  /** How many columns of blanks it begins with. */
  private indent(): number {
    let column = this.column;
    for (const char of this.rest) {
      if (char === '\t') column += 4 - (column % 4);
      else if (char === ' ') column++;
      else break;
    }
    return column - this.column;
  }

  /** Takes so many columns of blanks off; what is left of a tab becomes blanks. */
  private skip(columns: number): true {
    for (const end = this.column + columns; this.column < end && /^[ \t]/.test(this.rest); ) {
      const next = this.rest.startsWith('\t') ? this.column + 4 - (this.column % 4) : this.column + 1;
      this.rest = ' '.repeat(Math.max(0, next - end)) + this.rest.slice(1);
      this.column = Math.min(next, end);
    }
    return true;
  }

  private skipArrow(): true {
    this.skip(this.indent());
    this.advance(1);
    return this.skip(1);
  }

  private advance(chars: number): void {
    this.rest = this.rest.slice(chars);
    this.column += chars;
  }
}

function found(type: Found['type'], line: number): Found {
  return {
    type,
    first: line,
    last: line,
    typed: [],
    children: [],
    mark: '',
    width: 0,
    words: [],
    closed: false,
    inLine: false,
  };
}

/** What the items of one list have in common. */
const kindOf = (mark: string) => mark.at(-1);
