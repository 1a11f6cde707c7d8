// Addresses that stand bare in a text: where each begins, and where a person would say that it ends.
import { isBlank, isPicture, isWide, letterAt } from './letters.ts';

export interface Address {
  end: number;
  href: string;
}

const schemes = new Set(['http:', 'https:', 'mailto:']);

/** The address of a link that may be followed. */
export function safeAddress(href: string): string | undefined {
  try {
    const url = new URL(href);
    return schemes.has(url.protocol) ? url.href : undefined;
  } catch {
    return undefined; // it leads nowhere, or somewhere within this page
  }
}

/** The address that begins at a place in a text, if one does. */
export function addressAt(text: string, at: number): Address | undefined {
  const beginsWord = /[a-z\d]/i.test(text.charAt(at)) && !/[\w@./+-]/.test(text.charAt(at - 1));
  if (!beginsWord) return undefined;
  return webAt(text, at) ?? mailboxAt(text, at);
}

const beginning = /https?:\/\/|www\.(?=[\p{L}\p{N}])/iuy;
const user = /[\w.~!$&*+,;=%:-]{1,256}@/y;
const host = /\[[\da-f:.]{2,45}\]|[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_-]|\.(?=[\p{L}\p{N}_]))*/iuy;
const port = /:\d{1,5}(?!\d)/y;

function webAt(text: string, at: number): Address | undefined {
  const begun = matchAt(beginning, text, at);
  if (begun === '' || isAttribute(text, at)) return undefined;
  const from = at + begun.length;
  const named = from + (/^w/i.test(begun) ? 0 : matchAt(user, text, from).length);
  const name = nameAt(text, named);
  if (name === '') return undefined;
  const authority = named + name.length + matchAt(port, text, named + name.length).length;
  const hasPath = /[/?#]/.test(text.charAt(authority));
  const end = endOfAngle(text, at) || (hasPath ? endOfPath(text, authority, text.charAt(at - 1)) : authority);
  const href = safeAddress((/^w/i.test(begun) ? 'http://' : '') + text.slice(at, end));
  return href === undefined ? undefined : { end, href };
}

/** Whether it stands in a tag of HTML, which is text here: nobody wrote it to be followed. */
function isAttribute(text: string, at: number): boolean {
  return /[="']/.test(text.charAt(at - 1)) && /<[a-z][^<>]*=\s*["']?$/i.test(text.slice(Math.max(0, at - 200), at));
}

/** Where an address in angle brackets ends; 0 where it stands in none. */
function endOfAngle(text: string, at: number): number {
  const all = text.charAt(at - 1) === '<' ? matchAt(/[^\s<>]{1,2000}(?=>)/y, text, at) : '';
  return all === '' ? 0 : at + all.length;
}

/** The host. Chinese words may follow one without a blank, and no last part of a host mixes them with Latin letters. */
function nameAt(text: string, at: number): string {
  const name = matchAt(host, text, at);
  return name.replace(/((?:^|\.)[\w-]*[a-z\d])[^\0-\x7f][^.]*$/i, (all, latin: string) => (isWide(letterAt(all, latin.length)) ? latin : all));
}

/** What ends an address wherever it stands: blanks, what may not be in one, and the signs and pictures of other writings. */
const ends = /^[<>"`\\|^]$/;
const foreign = /^(?![\0-\x7f·・’‐‑–])[\p{P}\p{S}]$/u;
const next = /[,;]https?:\/\//iy;
const closing: Record<string, string> = { ')': '(', ']': '[', '}': '{' };

function endOfPath(text: string, from: number, before: string): number {
  const open: string[] = [];
  let at = from;
  for (let last = ''; at < text.length; at += last.length) {
    const letter = letterAt(text, at);
    if (isOver(letter, last) || (letter === "'" && before === "'") || matchAt(next, text, at) !== '') break;
    if (/[([{]/.test(letter)) open.push(letter);
    else if (letter in closing && open.pop() !== closing[letter]) break;
    last = letter;
  }
  return withoutSigns(text, from, at);
}

function isOver(letter: string, last: string): boolean {
  if (isPicture(letter)) return last !== '/' && last !== '=' && !isPicture(last);
  if (letter === '\u200c' || letter === '\u200d') return false; // within words of Persian, Hindi …, and within emoji
  return isBlank(letter) || ends.test(letter) || foreign.test(letter);
}

/** Leaves off what belongs to the sentence, and a bracket that nothing closes. */
function withoutSigns(text: string, from: number, end: number): number {
  while (end > from && /[?!.,:;*_~'’·・‐‑–([{]/.test(text.charAt(end - 1))) end--;
  return end;
}

const domain = /(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.){1,8}[a-z]{2,63}/;
const path = /[\w-]|\.\w|\/|:[\w/~]/; // git@example.org:team/thing.git is no mailbox
const mailbox = new RegExp(`[a-z\\d](?:[\\w.+-]{0,62}[\\w+-])?@${domain.source}(?!${path.source})`, 'iy');

function mailboxAt(text: string, at: number): Address | undefined {
  const found = matchAt(mailbox, text, at);
  return found === '' ? undefined : { end: at + found.length, href: `mailto:${found}` };
}

/** What a pattern finds at just this place. */
export function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
