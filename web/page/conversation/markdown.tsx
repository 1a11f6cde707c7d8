// Draws the blocks of a text. This is the sanitiser: an element comes into being only here, by name, from a block that
// is known; whatever else is in a message, raw HTML too, becomes text. No string is ever parsed as HTML (the page's
// policy forbids it).
import { type ComponentChildren, Fragment, h, type VNode } from 'preact';
import { directionOf } from '../direction.ts';
import { strings } from '../strings.ts';
import { type Block, blocksOf, type Item, type List, type Paragraph, type Table, wholeCode } from './blocks.ts';
import { CodeBlock } from './code.tsx';
import type { Link, Span } from './inline.ts';
import { wordsOfItems } from './markdown.ts';

export function Markdown({ text, plain = false }: { text: string; plain?: boolean }) {
  const blocks = plain ? undefined : blocksOf(text);
  return <>{blocks ? blocks.map(drawn) : <p dir="auto">{text}</p>}</>;
}

function drawn(block: Block): VNode {
  switch (block.type) {
    case 'paragraph':
      return (
        <p dir="auto" class={headingOf(block)}>
          {inline(block.spans)}
        </p>
      );
    case 'quote':
      return <blockquote dir="auto">{block.blocks.map(drawn)}</blockquote>;
    case 'rule':
      return <hr />;
    case 'code':
      return <CodeBlock code={block.code} info={block.info} copied={wholeCode(block)} />;
    case 'list':
      return list(block);
    case 'table':
      return table(block);
  }
}

/** The page's own headings are not a message's to make. */
const headingOf = ({ depth }: Paragraph) => (depth > 0 ? `heading heading-${depth}` : undefined);

function list(of: List): VNode {
  const rows = of.items.map((item) => <li class={item.done === undefined ? undefined : 'task'}>{itemOf(of, item)}</li>);
  const direction = directionOf(wordsOfItems(of)); // its marks are on one side; dir="auto" does not look into items
  if (of.marks === 'bullets') return <ul dir={direction}>{rows}</ul>;
  return (
    <ol dir={direction} class={of.marks === 'typed' ? 'typed' : undefined}>
      {rows}
    </ol>
  );
}

/** What stands before an item stands in its first line. */
function itemOf({ marks, loose }: List, { mark, done, blocks: [first, ...rest] }: Item): ComponentChildren {
  const begin = (
    <>
      {marks === 'typed' && <span class="mark">{`${mark} `}</span>}
      {done !== undefined && checkbox(done)}
    </>
  );
  const line = (of: Paragraph) => (
    <span dir="auto" class={headingOf(of)}>
      {inline(of.spans)}
    </span>
  );
  const block = (of: Block) => (of.type === 'paragraph' && !loose ? line(of) : drawn(of));
  if (loose && first?.type === 'paragraph') {
    return (
      <>
        <p dir="auto" class={headingOf(first)}>
          {begin}
          {inline(first.spans)}
        </p>
        {rest.map(block)}
      </>
    );
  }
  return (
    <>
      {begin}
      {first && block(first)}
      {rest.map(block)}
    </>
  );
}

function table({ header, rows, align }: Table): VNode {
  const side = (column: number) => (align[column] ? `to-${align[column]}` : undefined);
  return (
    <div class="table-place" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {header.map((cell, column) => (
              <th dir="auto" scope="col" class={side(column)}>
                {inline(cell)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              {row.map((cell, column) => (
                <td dir="auto" class={side(column)}>
                  {inline(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function checkbox(done: boolean): VNode {
  return (
    <span
      role="img"
      class={done ? 'checkbox done' : 'checkbox'}
      aria-label={done ? strings.message.done : strings.message.open}
    />
  );
}

function inline(spans: Span[]): ComponentChildren {
  return spans.map(span);
}

function span(of: Span): ComponentChildren {
  if (typeof of === 'string') return of;
  switch (of.type) {
    case 'strong':
      return <strong>{inline(of.spans)}</strong>;
    case 'em':
      return <em>{inline(of.spans)}</em>;
    case 'del':
      return <del>{inline(of.spans)}</del>;
    case 'code':
      return <code>{of.text}</code>;
    case 'link':
      return link(of);
  }
}

/** Pictures are links too, and never loaded: that would tell a stranger who reads, and when. */
function link({ href, title, spans }: Link): VNode {
  const hint = title === '' ? href : `${href} · ${title}`; // a title may be long, or turn around what stands behind it
  return (
    <a href={href} title={hint} target="_blank" rel="noopener noreferrer nofollow" dir="auto">
      {inline(spans)}
    </a>
  );
}
