// Draws Markdown's tokens. This is the sanitiser: an element comes into being only here, by name, from a token that is known;
// whatever else is in a message, raw HTML too, becomes text. No string is ever parsed as HTML (the page's policy forbids it).
import type { ComponentChildren, VNode } from 'preact';
import type { Token, Tokens } from 'marked';
import { strings } from '../strings.ts';
import { CodeBlock } from './code.tsx';
import { safeAddress, tokensOf } from './markdown.ts';

export function Markdown({ text }: { text: string }) {
  const tokens = tokensOf(text);
  return <>{tokens ? blocks(tokens) : <p dir="auto">{text}</p>}</>;
}

function blocks(tokens: Token[]): ComponentChildren {
  return tokens.map(block);
}

function block(token: Token): ComponentChildren {
  switch (token.type) {
    case 'space': return null;
    case 'paragraph': return <p dir="auto">{inline(token.tokens)}</p>;
    case 'heading': return <p dir="auto" class={`heading heading-${token.depth}`}>{inline(token.tokens)}</p>; // the page's own headings are not a message's to make
    case 'blockquote': return <blockquote dir="auto">{blocks(token.tokens ?? [])}</blockquote>;
    case 'hr': return <hr />;
    case 'code': return <CodeBlock code={token.text} language={(token.lang ?? '').trim().split(/\s/)[0]!.toLowerCase()} />;
    case 'list': return list(token as Tokens.List);
    case 'table': return table(token as Tokens.Table);
    case 'text': return token.tokens ? <span dir="auto">{inline(token.tokens)}</span> : token.text; // in a list
    case 'checkbox': return checkbox(token as Tokens.Checkbox);
    default: return <p dir="auto">{token.raw.replace(/\n+$/, '')}</p>; // raw HTML, definitions of links, and what marked may learn yet
  }
}

function list({ ordered, start, items }: Tokens.List): VNode {
  const rows = items.map((item) => <li dir="auto" class={item.task ? 'task' : undefined}>{blocks(item.tokens)}</li>);
  return ordered ? <ol start={Number(start)}>{rows}</ol> : <ul>{rows}</ul>;
}

function table({ header, rows, align }: Tokens.Table): VNode {
  const side = (column: number) => (align[column] ? `to-${align[column]}` : undefined);
  return (
    <div class="table-place" tabIndex={0}>
      <table>
        <thead><tr>{header.map((cell, column) => <th dir="auto" scope="col" class={side(column)}>{inline(cell.tokens)}</th>)}</tr></thead>
        <tbody>{rows.map((row) => <tr>{row.map((cell, column) => <td dir="auto" class={side(column)}>{inline(cell.tokens)}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}

function checkbox({ checked }: Tokens.Checkbox): VNode {
  return <span role="img" class={checked ? 'checkbox done' : 'checkbox'} aria-label={checked ? strings.message.done : strings.message.open} />;
}

function inline(tokens: Token[] = []): ComponentChildren {
  return tokens.map(span);
}

function span(token: Token): ComponentChildren {
  switch (token.type) {
    case 'text': return token.tokens ? inline(token.tokens) : token.text;
    case 'escape': return token.text;
    case 'strong': return <strong>{inline(token.tokens)}</strong>;
    case 'em': return <em>{inline(token.tokens)}</em>;
    case 'del': return <del>{inline(token.tokens)}</del>;
    case 'codespan': return <code>{token.text}</code>;
    case 'br': return '\n';
    case 'link': return link(token as Tokens.Link, inline(token.tokens));
    case 'image': return link(token as Tokens.Image, token.text || token.href); // never loaded: it would tell a stranger who reads, and when
    case 'checkbox': return checkbox(token as Tokens.Checkbox);
    default: return token.raw;
  }
}

function link({ href, raw }: Tokens.Link | Tokens.Image, children: ComponentChildren): ComponentChildren {
  const address = safeAddress(href);
  if (address === undefined) return raw;
  return <a href={address} title={address} target="_blank" rel="noopener noreferrer nofollow" dir="auto">{children}</a>;
}
