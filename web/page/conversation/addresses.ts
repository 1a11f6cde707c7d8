// Addresses that stand bare in a text: where each begins, and where a person would say that it ends.
import { isBlank, isLetter, isPicture, isWide, letterAt, letterBefore } from './letters.ts';

export interface Address {
  end: number;
  href: string;
}

const schemes = new Set(['http:', 'https:', 'mailto:']);

/** The address of a link that may be followed. Before its @ is no host: https://bank.example@evil.example is none. */
export function safeAddress(href: string): string | undefined {
  try {
    const url = new URL(href);
    return schemes.has(url.protocol) && !/[.%]/.test(url.username) ? url.href : undefined;
  } catch {
    return undefined; // it leads nowhere, or somewhere within this page
  }
}

/** The address that begins at a place in a text, if one does; `slanted` where an underscore before it needs an end. */
export function addressAt(text: string, at: number, slanted = false): Address | undefined {
  if (!/[a-z\d]/i.test(text.charAt(at)) || /[a-z\d@./+-]/i.test(text.charAt(at - 1))) return undefined;
  return webAt(text, at, slanted) ?? mailboxAt(text, at);
}

const beginning = /https?:\/\/|www\.(?=[\p{L}\p{N}])/iuy;
const user = /[\w.~!$&*+=%:-]{1,256}@/y;
const host = /\[[\da-f:.]{2,45}\]|[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_-]|\.(?=[\p{L}\p{N}_]))*/iuy;
const port = /:\d{1,5}(?!\d)/y;

function webAt(text: string, at: number, slanted: boolean): Address | undefined {
  const begun = matchAt(beginning, text, at);
  const inWord = /[a-z\d]_+$/i.test(text.slice(Math.max(0, at - 3), at));
  if (begun === '' || inWord || isAttribute(text, at)) return undefined;
  const scheme = /^w/i.test(begun) ? 'http://' : '';
  const from = at + begun.length;
  const named = from + (scheme ? 0 : matchAt(user, text, from).length);
  const name = nameAt(text, named);
  const authority = named + name.length + matchAt(port, text, named + name.length).length;
  // Asked before its path is walked: where it is none, the next one may begin in that path, and the next in its path.
  if (name === '' || !safeAddress(scheme + text.slice(at, authority))) return undefined;
  const hasPath = /[/?#]/.test(text.charAt(authority));
  const end = endOfAngle(text, at) || (hasPath ? endOfPath(text, authority, text.charAt(at - 1), slanted) : authority);
  const href = safeAddress(scheme + text.slice(at, end));
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
  let name = matchAt(host, text, at);
  while (name.endsWith('_')) name = name.slice(0, -1);
  return name.replace(/((?:^|\.)[\w-]*[a-z\d])[^\0-\x7f][^.]*$/i, (all, latin: string) =>
    isWide(letterAt(all, latin.length)) ? latin : all,
  );
}

/**
 * What ends an address wherever it stands: blanks, what may not be in one, and the signs and pictures of other
 * writings.
 */
const ends = /^[<>"\\]$/;
const endsPath = /^[`|^]$/; // but for a query: ?titles=A|B
const foreign = /^(?![\0-\x7f·・’‐‑–])[\p{P}\p{S}]$/u;
const next = /[,;|·・–‐]https?:\/\//iy;
const closes = /’|\*{1,3}|~~|_{1,3}/y; // before Chinese words, which go on without a blank: **https://a.example**请看
const closing: Record<string, string> = { ')': '(', ']': '[', '}': '{' };

function endOfPath(text: string, from: number, before: string, slanted: boolean): number {
  const open: string[] = [];
  let inQuery = false;
  let at = from;
  for (let last = ''; at < text.length; at += last.length) {
    const letter = letterAt(text, at);
    const mark = slanted || letter !== '_' ? matchAt(closes, text, at) : '';
    if (mark !== '' && isWide(letterAt(text, at + mark.length))) break;
    if (isOver(letter, last) || (letter === "'" && before === "'") || matchAt(next, text, at) !== '') break;
    if (!inQuery && endsPath.test(letter)) break;
    if (/[([{]/.test(letter)) open.push(letter);
    else if (letter in closing && open.pop() !== closing[letter]) break;
    inQuery ||= letter === '?';
    last = letter;
  }
  return withoutSigns(text, from, at, slanted);
}

function isOver(letter: string, last: string): boolean {
  if (isPicture(letter)) return last !== '/' && last !== '=' && !isPicture(last);
  if (letter === '\u200c' || letter === '\u200d') return false; // within words of Persian, Hindi …, and within emoji
  return isBlank(letter) || ends.test(letter) || foreign.test(letter);
}

/** Leaves off what belongs to the sentence: also a bracket that nothing closes, and the end of what is slanted. */
function withoutSigns(text: string, from: number, end: number, slanted: boolean): number {
  const signs = slanted ? /[?!.,:;*~'’·・‐‑–([{`|^_]/ : /[?!.,:;*~'’·・‐‑–([{`|^]/;
  while (end > from && signs.test(text.charAt(end - 1))) end--;
  return end;
}

const domain = /(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.){1,8}[a-z]{2,63}/;
const mailbox = new RegExp(`[a-z\\d](?:[\\w.+-]{0,62}[\\w+-])?@${domain.source}`, 'iy');
const goesOn = /^(?:[\w@/-]|\.[\p{L}\p{N}_]|:[\w/~])/u; // git@example.org:team/thing.git is no mailbox

/** All of a mailbox, or nothing: a part of müller@example.org or of o'brien@example.org is somebody else's. */
function mailboxAt(text: string, at: number): Address | undefined {
  const before = letterBefore(text, at);
  const goesOnBefore = /[.'’&=%#$~]/.test(before) && isOfName(letterBefore(text, at - 1));
  const isPart = before === '_' || isOfName(before) || goesOnBefore;
  const found = isPart ? '' : matchAt(mailbox, text, at);
  const end = at + found.length;
  if (found === '' || isOfName(letterAt(text, end)) || goesOn.test(text.slice(end, end + 3))) return undefined;
  return { end, href: `mailto:${found}` };
}

/** Chinese words may touch a mailbox; what is written in other letters would be a part of it. */
const isOfName = (it: string) => isLetter(it) && !isWide(it);

/** Whether an address in the words of a link leads to another place than the link does. */
export function namesAnother(words: string, href: string): boolean {
  for (let at = 0; at < words.length; ) {
    const address = addressAt(words, at);
    if (address && !isSamePlace(address.href, href)) return true;
    at = address?.end ?? at + 1;
  }
  return false;
}

function isSamePlace(...hrefs: [string, string]): boolean {
  const [one, other] = hrefs.map((href) => new URL(href)) as [URL, URL];
  const areMailboxes = one.protocol === 'mailto:' && other.protocol === 'mailto:';
  return areMailboxes ? one.pathname.toLowerCase() === other.pathname.toLowerCase() : placeOf(one) === placeOf(other);
}

/** The host; of a mailbox the one that keeps it. */
function placeOf({ host, pathname }: URL): string {
  return (host || pathname.slice(pathname.lastIndexOf('@') + 1)).toLowerCase().replace(/^www\./, '');
}

/** What a pattern finds at just this place. */
export function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
