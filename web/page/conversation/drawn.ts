// For tests: what becomes of a text, as elements and as the words that a person reads.
import { type ComponentChildren, Fragment, isValidElement, type VNode } from 'preact';
import { Markdown } from './markdown.tsx';

type Props = { children?: ComponentChildren; href?: string; code?: string; info?: string; class?: string };

/**
 * The elements as one reads them: [name, …children]; words as they are. Components of the page are named and not drawn.
 */
export function shape(text: string): unknown[] {
  return shapeOf((Markdown({ text }) as VNode<Props>).props.children);
}

function shapeOf(node: ComponentChildren): unknown[] {
  if (Array.isArray(node)) return node.flatMap(shapeOf);
  if (node === null || node === undefined || typeof node === 'boolean') return [];
  if (!isValidElement(node)) return [String(node)];
  const { type, props } = node as VNode<Props>;
  if (typeof type === 'function') return type === Fragment ? shapeOf(props.children) : [[type.name, props.code]];
  const name = props.href === undefined ? type : `${type} ${props.href}`;
  return [[name, ...shapeOf(props.children)]];
}

const blocks = new Set(['p', 'li', 'th', 'td', 'blockquote', 'hr', 'tr', 'table']);

/** What is to be read, each block on lines of its own. Boxes, bullets and lines are drawn and not read; numbers are. */
export function words(text: string): string[] {
  return wordsOf((Markdown({ text }) as VNode<Props>).props.children)
    .split('\n')
    .filter((line) => line.trim() !== '');
}

function wordsOf(node: ComponentChildren): string {
  if (Array.isArray(node)) return node.map(wordsOf).join('');
  if (node === null || node === undefined || typeof node === 'boolean') return '';
  if (!isValidElement(node)) return String(node);
  const { type, props } = node as VNode<Props>;
  if (typeof type === 'function')
    return props.code === undefined ? wordsOf(props.children) : `\n${props.info}\n${props.code}\n`;
  const children =
    type === 'ol' && props.class !== 'typed'
      ? [props.children].flat().map((item, index) => `\n${index + 1}. ${wordsOf(item).replace(/^\n/, '')}`)
      : wordsOf(props.children);
  return blocks.has(type) ? `\n${children}\n` : String(Array.isArray(children) ? children.join('') : children);
}
