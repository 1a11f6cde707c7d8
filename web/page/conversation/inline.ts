// The words of a paragraph, and what is marked in them. In one pass, and in time that grows with the length alone.
// What is typed is what is there, unless it is plainly a mark: no entity is decoded, no tag is read, and a backslash
// stays where it stops nothing (docs/messages.md tells people so).
import { addressAt, matchAt, namesAnother } from './addresses.ts';
import { Emphasis, type Sign } from './emphasis.ts';
import type { Kind, Role } from './emphasis-pairs.ts';
import { isBlank, isLetter, isPicture, isWide, letterAt, letterBefore } from './letters.ts';
import { type Target, targetAt } from './target.ts';

export type Span = string | Marked | Code | Link;

export interface Marked {
  type: Kind;
  spans: Span[];
}

export interface Code {
  type: 'code';
  text: string;
}

export interface Link {
  type: 'link';
  href: string;
  /** What was written beside the address, for who wants to know more. */
  title: string;
  spans: Span[];
}

interface Bracket {
  at: number;
  opens: '[' | '![';
  escaped: boolean;
  /** Whether a backslash before it stops a link, and so is not shown. */
  stops: boolean;
  /** What is around a link cannot be one. */
  active: boolean;
}

/** A piece of the paragraph, while it is not known yet what becomes of it. */
type Piece = { text: string } | { span: Span } | { sign: Sign & { escaped: boolean } } | { bracket: Bracket };

export function spansOf(text: string): Span[] {
  return new Reader(text).read();
}

/** The words alone, and what is to stand around those that are struck out. */
export function wordsOf(spans: Span[], struck = ''): string {
  let words = '';
  for (const span of spans) {
    if (typeof span === 'string') words += span;
    else if (span.type === 'code') words += span.text;
    else if (span.type === 'del') words += struck + wordsOf(span.spans, struck) + struck;
    else words += wordsOf(span.spans, struck);
  }
  return words;
}

class Reader {
  private at = 0;
  private pieces: Piece[] = [];
  private readonly brackets: number[] = []; // which pieces are open ones
  private readonly ticks: Map<number, number[]>; // where runs of so many stand, the last one first
  private readonly emphasis: Emphasis;
  private stoppedEnd: number | undefined; // where code would end that a backslash stopped
  private slanted = false; // whether the last underscore may have begun something

  constructor(private readonly text: string) {
    this.ticks = ticksOf(text);
    this.emphasis = new Emphasis(text);
  }

  read(): Span[] {
    while (this.at < this.text.length) this.next();
    return this.closed(this.pieces);
  }

  private next(): void {
    switch (this.text[this.at]) {
      case '\\':
        return this.backslashes();
      case '`':
        return this.code(this.at);
      case '*':
      case '_':
      case '~':
        return this.sign(this.at);
      case '[':
        return this.open('[', this.at);
      case '!':
        return this.isPicture() ? this.open('![', this.at) : this.put('!');
      case ']':
        return this.close(this.at);
      default:
        return this.word();
    }
  }

  private put(text: string): void {
    const last = this.pieces.at(-1);
    if (last && 'text' in last) last.text += text;
    else this.pieces.push({ text });
    this.at += text.length;
  }

  /** What means nothing by itself: an address, or as much as holds neither a mark nor the beginning of a word. */
  private word(): void {
    const address = addressAt(this.text, this.at, this.slanted);
    if (!address) return this.put(matchAt(plain, this.text, this.at));
    const typed = this.text.slice(this.at, address.end);
    this.pieces.push({ span: { type: 'link', href: address.href, title: '', spans: [typed] } });
    this.at = address.end;
  }

  /** The last of an odd number stands before a sign, and may stop it. All others are typed to be seen. */
  private backslashes(): void {
    const count = matchAt(/\\+/y, this.text, this.at).length;
    const before = count - (count % 2);
    if (before > 0) this.put('\\'.repeat(before));
    if (before === count) return;
    const from = this.at++;
    if (stopsBlock(this.text, this.at)) return this.put(this.text[this.at]!);
    switch (this.text[this.at]) {
      case '`':
        return this.escapedTick(from);
      case '*':
      case '_':
      case '~':
        return this.sign(from);
      case '[':
        return this.open('[', from);
      case ']':
        return this.close(from);
    }
    this.at = from;
    this.put(this.text.startsWith('![', from + 1) ? '\\!' : '\\');
  }

  private sign(from: number): void {
    const char = this.text[this.at++]!;
    const before = letterBefore(this.text, from);
    if (char === '_' && before !== '_') this.slanted = !isLetter(before) && !isBlank(letterAt(this.text, this.at));
    this.pieces.push({ sign: { char, from, to: this.at, escaped: from < this.at - 1 } });
  }

  /** Behind a word, or another sign that calls or asks, it calls: Wow![here](https://…) */
  private isPicture(): boolean {
    const before = letterBefore(this.text, this.at);
    return this.text[this.at + 1] === '[' && !isLetter(before) && !isPicture(before) && !/[!?]/.test(before);
  }

  private open(opens: '[' | '![', from: number): void {
    const at = this.at;
    this.at += opens.length;
    this.brackets.push(this.pieces.length);
    this.pieces.push({ bracket: { at, opens, escaped: from < at, stops: false, active: true } });
  }

  // Code

  private escapedTick(from: number): void {
    const end = this.endOfCode(this.at, matchAt(/`+/y, this.text, this.at).length);
    const stops = end !== undefined || this.at === this.stoppedEnd;
    this.stoppedEnd = end;
    this.at = from;
    if (!stops) return this.put('\\`');
    this.at++;
    this.put('`');
  }

  private code(from: number): void {
    const run = matchAt(/`+/y, this.text, from);
    const end = this.endOfCode(from, run.length);
    if (end === undefined) return this.put(run);
    const text = this.text.slice(from + run.length, end);
    this.at = end + run.length;
    this.pieces.push({ span: { type: 'code', text: /^[ \n].*[ \n]$/s.test(text) ? text.slice(1, -1) : text } });
  }

  /** Where code that begins with so many ticks ends; undefined where none begins. */
  private endOfCode(from: number, count: number): number | undefined {
    if (count === 1 && isApostrophe(this.text, from)) return undefined;
    const all = this.ticks.get(count) ?? [];
    while (all.length > 0 && all.at(-1)! <= from) all.pop();
    const end = all.at(-1);
    return end === undefined || this.text.slice(from + count, end).trim() === '' ? undefined : end;
  }

  // Links

  private close(from: number): void {
    const escaped = from < this.at;
    const target = this.brackets.length > 0 ? targetAt(this.text, this.at + 1) : undefined;
    for (let index = this.brackets.pop(); index !== undefined; index = this.brackets.pop()) {
      const { bracket } = this.pieces[index] as { bracket: Bracket };
      if (!target || !bracket.active || this.text.slice(bracket.at + bracket.opens.length, from).trim() === '') break;
      if (!escaped && !bracket.escaped) {
        if (this.link(index, bracket, target)) return;
        break;
      }
      bracket.stops = bracket.escaped;
      if (!escaped) continue;
      if (!bracket.escaped) this.brackets.push(index);
      return this.put(']');
    }
    this.at = from;
    this.put(escaped ? '\\]' : ']');
  }

  /** Makes a link of what stands in brackets; not where its words are an address that it does not lead to. */
  private link(index: number, { opens }: Bracket, { end, href, title }: Target): boolean {
    const inside = this.closed(this.pieces.slice(index + 1).map(withoutLink));
    const words = wordsOf(inside);
    const lies = namesAnother(words, href);
    if (lies || opens === '[') this.deactivate(lies);
    if (lies) return false;
    this.pieces.length = index;
    this.at = end;
    this.pieces.push({ span: { type: 'link', href, title, spans: opens === '[' ? inside : [words] } });
    return true;
  }

  /** No link in a link. A picture may have one in its words, unless that is shown as it was typed. */
  private deactivate(pictures: boolean): void {
    for (let at = this.brackets.length - 1; at >= 0; at--) {
      const { bracket } = this.pieces[this.brackets[at]!] as { bracket: Bracket };
      if (!bracket.active) return; // then those before it are none either
      if (pictures || bracket.opens === '[') bracket.active = false;
    }
  }

  // What has become of the pieces

  private closed(pieces: Piece[]): Span[] {
    const signs = pieces.flatMap((piece) => ('sign' in piece ? [piece.sign] : []));
    const stopped = signs.some(({ escaped }) => escaped) ? this.stopped(signs) : new Set<Sign>();
    const live = signs.filter(({ escaped }) => !escaped);
    const roles = this.emphasis.rolesOf(live);
    const builder = new Builder();
    let sign = 0;
    for (const piece of pieces) {
      if ('text' in piece) builder.put(piece.text);
      else if ('span' in piece) builder.put(piece.span);
      else if ('bracket' in piece) builder.put(shownOf(piece.bracket));
      else if (piece.sign.escaped) builder.put(stopped.has(piece.sign) ? piece.sign.char : `\\${piece.sign.char}`);
      else builder.sign(piece.sign.char, roles[sign++]);
    }
    return builder.done();
  }

  /** The signs that would mark something if no backslash stood before them. */
  private stopped(signs: (Sign & { escaped: boolean })[]): Set<Sign> {
    const roles = this.emphasis.rolesOf(signs);
    return new Set(signs.filter(({ escaped }, index) => escaped && roles[index]));
  }
}

/** Puts the spans together, one in another. */
class Builder {
  private spans: Span[] = [];
  private readonly around: Span[][] = [];

  put(span: Span): void {
    const last = this.spans.length - 1;
    if (typeof span === 'string' && typeof this.spans[last] === 'string') this.spans[last] += span;
    else if (span !== '') this.spans.push(span);
  }

  sign(char: string, role: Role | undefined): void {
    if (!role) return this.put(char);
    if (role.begins) {
      this.around.push(this.spans);
      this.spans = [];
    }
    if (!role.ends) return;
    const marked: Marked = { type: role.ends, spans: this.spans };
    this.spans = this.around.pop()!;
    this.spans.push(marked);
  }

  done(): Span[] {
    return this.spans;
  }
}

const plain = /[a-z\d]*[^\\`*_~[\]!a-z\d]*/iy; // a word, and what stands after it

/** What stands in a link is no link of its own: neither an address nor a picture. */
function withoutLink(piece: Piece): Piece {
  const span = 'span' in piece ? piece.span : '';
  return typeof span === 'object' && span.type === 'link' ? { text: wordsOf(span.spans) } : piece;
}

const shownOf = ({ opens, escaped, stops }: Bracket) => (escaped && !stops ? `\\${opens}` : opens);

function ticksOf(text: string): Map<number, number[]> {
  const ticks = new Map<number, number[]>();
  for (const { 0: run, index } of [...text.matchAll(/`+/g)].reverse()) {
    const places = ticks.get(run.length);
    if (places) places.push(index);
    else ticks.set(run.length, [index]);
  }
  return ticks;
}

/** Whether a tick belongs to a word, as in it`s, or to a face: (´・ω・`) (`・ω・´). */
function isApostrophe(text: string, at: number): boolean {
  const before = letterBefore(text, at);
  if (isLetter(before) && !isWide(before)) return true;
  return /´[^\s`]{1,8}$/.test(text.slice(Math.max(0, at - 9), at)) || /^`[^\s`]{1,8}´/.test(text.slice(at, at + 10));
}

const block = /^(?:(?:#{1,6}|[-*])(?:\s|$)|>(?:\s|$|\p{L})|(?:-{3,}|\*{3,}|_{3,}|`{3}[^`\n]*|~{3}.*)[ \t]*(?:\n|$))/u;

/** Whether a sign after a backslash would make a heading, an item, a quotation, a rule or code of its line. */
function stopsBlock(text: string, at: number): boolean {
  const near = `${at <= 14 ? '\n' : ''}${text.slice(Math.max(0, at - 14), at - 1)}`;
  const line = /\n( {0,3}(?:\d{1,9})?)$/.exec(near)?.[1];
  if (line === undefined) return false;
  if (/\d$/.test(line)) return /^[.)](?:\s|$)/.test(text.slice(at, at + 2));
  return block.test(text.slice(at, at + 200));
}
