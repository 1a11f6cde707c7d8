// Where a link leads: the (address "words") behind its text.
import { matchAt, safeAddress } from './addresses.ts';

export interface Target {
  href: string;
  title: string;
  /** Where the text goes on. */
  end: number;
}

const longest = 2_000; // letters of an address, so that no text makes reading it slow
const deepest = 32; // brackets in an address

const begin = /\([ \t]*\n?[ \t]*/y;
const pointed = /<(?:\\.|[^<>\n\\]){0,2000}>/y;
const words = /[ \t\n]+(?:"(?:\\[\s\S]|[^"\\]){0,500}"|'(?:\\[\s\S]|[^'\\]){0,500}'|\((?:\\[\s\S]|[^()\\]){0,500}\))/y;
const finish = /[ \t]*\n?[ \t]*\)/y;

/** The target at a place in a text; undefined where there is none, or none that may be followed. */
export function targetAt(text: string, at: number): Target | undefined {
  const begun = matchAt(begin, text, at);
  if (begun === '') return undefined;
  const from = at + begun.length;
  const address = matchAt(pointed, text, from) || bareAddress(text, from);
  const title = matchAt(words, text, from + address.length);
  const end = from + address.length + title.length;
  const finished = matchAt(finish, text, end);
  const href = finished && safeAddress(unescaped(address.replace(/^<(.*)>$/, '$1')));
  return href ? { href, title: unescaped(title.trim().slice(1, -1)), end: end + finished.length } : undefined;
}

/** What has no blanks, and as many brackets that close as brackets that open. */
function bareAddress(text: string, from: number): string {
  let open = 0;
  let at = from;
  for (; at < text.length && at - from < longest; at++) {
    const char = text.charAt(at);
    if (char === '\\') at++;
    else if (char === '(' && ++open > deepest) return '';
    else if ((char === ')' && --open < 0) || /[\s\0-\x1f\x7f]/.test(char)) break;
  }
  return open > 0 ? '' : text.slice(from, at);
}

/** Without the backslashes that stand before signs. */
const unescaped = (text: string) => text.replace(/\\([!-/:-@[-`{-~])/g, '$1');
