// For tests: a text as an outline of what is drawn of it, and the HTML that CommonMark's specification wants as the
// same.
import { type DefaultTreeAdapterTypes as Html, parseFragment } from 'parse5';
import { type Block, blocksOf, type List } from './blocks.ts';
import type { Span } from './inline.ts';

/** Words, or an element: its name and what is in it. */
export type Outline = string | [string, ...Outline[]];

export function outlineOf(text: string): Outline[] {
  return blocksOf(text)?.map(block) ?? [['p', ...joined([text])]];
}

function block(of: Block): Outline {
  switch (of.type) {
    case 'paragraph':
      return [of.depth > 0 ? `h${of.depth}` : 'p', ...joined(of.spans.map(span))];
    case 'quote':
      return ['blockquote', ...of.blocks.map(block)];
    case 'rule':
      return ['hr'];
    case 'code':
      return ['pre', of.info.split(/\s/)[0]!, of.code];
    case 'list':
      return [of.marks === 'bullets' ? 'ul' : `ol ${Number.parseInt(of.items[0]!.mark, 10)}`, ...items(of)];
    case 'table':
      return ['table'];
  }
}

function items({ items, loose }: List): Outline[] {
  return items.map(({ blocks }) => [
    'li',
    ...joined(
      blocks.flatMap((of): Outline[] =>
        of.type === 'paragraph' && of.depth === 0 && !loose ? [' ', ...of.spans.map(span), ' '] : [block(of)],
      ),
    ),
  ]);
}

function span(of: Span): Outline {
  if (typeof of === 'string') return of;
  if (of.type === 'code') return ['code', of.text.replace(/\s/g, ' ')];
  const inside = joined(of.spans.map(span), false);
  return [of.type === 'link' ? `a ${whole(of.href)}` : of.type, ...inside];
}

export function outlineOfHtml(html: string): Outline[] {
  return withoutBlanks(parseFragment(html).childNodes.flatMap(node));
}

function node(of: Html.ChildNode): Outline[] {
  if ('value' in of) return [of.value];
  if (!('tagName' in of)) return [['nothing']]; // a comment: it is not to be seen
  const attribute = (name: string) => of.attrs.find((each) => each.name === name)?.value ?? '';
  const inside = () => joined(of.childNodes.flatMap(node), false);
  switch (of.tagName) {
    case 'br':
      return ['\n'];
    case 'img':
      return [[`a ${whole(attribute('src'))}`, attribute('alt')]]; // here a picture is a link
    case 'a':
      return [[`a ${whole(attribute('href'))}`, ...inside()]];
    case 'em':
    case 'strong':
      return [[of.tagName, ...inside()]];
    case 'code':
      return [['code', wordsIn(of).replace(/\s/g, ' ')]];
    case 'pre':
      return [pre(of)];
    case 'p':
    case 'h1':
    case 'h2':
    case 'h3':
    case 'h4':
    case 'h5':
    case 'h6':
      return [[of.tagName, ...joined(inside())]];
    case 'ol':
      return [[`ol ${attribute('start') || 1}`, ...withoutBlanks(inside())]];
    default:
      return [[of.tagName, ...withoutBlanks(inside())]];
  }
}

function pre(of: Html.Element): Outline {
  const code = of.childNodes[0] as Html.Element;
  return ['pre', code.attrs?.[0]?.value.replace('language-', '') ?? '', wordsIn(of).replace(/\n$/, '')];
}

function wordsIn(of: Html.Element): string {
  return of.childNodes
    .map((child) => ('value' in child ? child.value : 'childNodes' in child ? wordsIn(child as Html.Element) : ''))
    .join('');
}

function whole(address: string): string {
  return URL.canParse(address) ? decodeURI(new URL(address).href.replace(/%5B/g, '[').replace(/%5D/g, ']')) : address;
}

/**
 * Words that stand beside each other as one. A line's end, an indent and some blanks are the same to CommonMark; here
 * they stay as they were typed.
 */
function joined(outline: Outline[], edges = true): Outline[] {
  const all: Outline[] = [];
  for (const each of outline) {
    const last = all.at(-1);
    if (typeof each === 'string' && typeof last === 'string') all[all.length - 1] = last + each;
    else all.push(each);
  }
  const inOneLine = all.map((each) => (typeof each === 'string' ? each.replace(/\s+/g, ' ') : each));
  return (edges ? trimmed(inOneLine) : inOneLine).filter((each) => each !== '');
}

function trimmed(outline: Outline[]): Outline[] {
  return outline.map((each, at) => {
    if (typeof each !== 'string') return each;
    const begun = at === 0 ? each.trimStart() : each;
    return at === outline.length - 1 ? begun.trimEnd() : begun;
  });
}

/** Blocks alone; HTML has line ends between them. */
const withoutBlanks = (outline: Outline[]) =>
  trimmed(outline.filter((each) => typeof each !== 'string' || each.trim() !== ''));
