// Which of the signs * _ ~ mark something. In CommonMark almost any two do; people also write 2*3*4, __init__.py, *.txt and
// 10~~15. So here they mark whole words and nothing else: what stands outside must not belong to the word, and what stands
// inside must be one. Writings without blanks between words (Chinese, Japanese, Thai …) have their own rules for both.
import { isBlank, isLetter, isPicture, isWide, letterAt, letterBefore } from './letters.ts';

/** One sign. `from` is where its backslash stands, where it has one. */
export interface Sign {
  char: string;
  from: number;
  to: number;
}

export type Kind = 'strong' | 'em' | 'del';

/** What a sign does that marks: it begins or ends something, or stands beside the one that does. */
export interface Role {
  begins?: Kind;
  ends?: Kind;
}

/** What is marked in one text. */
export class Emphasis {
  private words?: Uint32Array;

  constructor(private readonly text: string) {}

  /** What each of some signs does, as if no others were there; nothing for a sign that is only itself. */
  rolesOf(signs: Sign[]): (Role | undefined)[] {
    if (signs.length === 0) return [];
    const matcher = new Matcher(this.text, this.words ??= countWords(this.text), signs.length);
    for (const run of runsOf(this.text, signs)) matcher.take(run);
    return isDeep(matcher.roles) ? [] : matcher.roles;
  }
}

const deepest = 20; // marks in marks; more of them are a game, and would be drawn by as many calls in calls

function isDeep(roles: (Role | undefined)[]): boolean {
  let depth = 0;
  return roles.some((role) => {
    if (role?.begins) depth++;
    if (role?.ends) depth--;
    return depth > deepest;
  });
}

/**
 * Signs that stand together. What is not used yet of them is `count` from `first` on: what ends something is taken from
 * the left, what begins it from the right.
 */
interface Run {
  char: string;
  from: number;
  to: number;
  first: number;
  count: number;
  opens: boolean;
  closes: boolean;
  /** What stands outside makes it doubtful, as in 长*宽*高 and (a+b)**2**(c): where both ends are, nothing is marked. */
  doubtfulBefore: boolean;
  doubtfulAfter: boolean;
}

const mostTogether = 3; // signs; more of them are a line, a gap to fill in, or a word that nobody wants to say

function runsOf(text: string, signs: Sign[]): Run[] {
  const runs: Run[] = [];
  for (let first = 0, end = 0; first < signs.length; first = end) {
    const begin = signs[first]!;
    const goesOn = (at: number) => signs[at]?.char === begin.char && signs[at]!.from === signs[at - 1]!.to;
    for (end = first + 1; goesOn(end); end++);
    const count = end - first;
    if (count <= mostTogether && (begin.char !== '~' || count === 2)) runs.push(runOf(text, begin, signs[end - 1]!, first, count));
  }
  return runs;
}

function runOf(text: string, { char, from }: Sign, { to }: Sign, first: number, count: number): Run {
  const before = letterBefore(text, from);
  const after = letterAt(text, to);
  const { canBegin, canEnd } = count > 1 ? strong : weak;
  const free = count > 1 && char !== '_'; // what stands outside matters less
  const named = count > 1 && char === '_'; // it may be a name of a program's
  const left = letterBeforeSigns(text, from);
  const right = letterAfterSigns(text, to);
  return {
    char, from, to, first, count,
    opens: canBegin(right, char) && !joins(before, after) && (free || mayPrecede(left)) && !(named && beginsName(text, to)),
    closes: canEnd(left) && !joins(after, before) && !isSuffix(text, to) && (free || mayFollow(right)) && !(named && endsName(text, from)),
    doubtfulBefore: count > 1 ? before === ')' || before === ']' : isWide(before),
    doubtfulAfter: count > 1 ? after === '(' || after === '[' : isWide(after),
  };
}

const isSign = (char: string) => char === '*' || char === '_' || char === '~';

/** The first letter that is marked: other signs may stand before it. */
function letterAfterSigns(text: string, at: number): string {
  const most = at + 2 * mostTogether;
  while (at < most && isSign(text.charAt(at))) at++;
  return letterAt(text, at);
}

function letterBeforeSigns(text: string, at: number): string {
  const least = at - 2 * mostTogether;
  while (at > least && isSign(text.charAt(at - 1))) at--;
  return letterBefore(text, at);
}

/** Whether a letter outside goes on with the word inside. Where another writing ends there is a border of words. */
function joins(outside: string, inside: string): boolean {
  return isLetter(outside) && !isWide(outside) && !isWide(inside) && !isForeignMark(inside);
}

const longestName = 64;

/** Whether two underscores begin a name of a program's, as in __init__ and __a__.b: the word has two more. */
const beginsName = (text: string, at: number) => /^[\w.]*__/.test(text.slice(at, at + longestName));

const endsName = (text: string, at: number) => /__[\w.]*$/.test(text.slice(Math.max(0, at - longestName), at));

const isForeignMark = (it: string) => /^(?![\0-\x7f])\p{P}$/u.test(it);

/** Whether a name goes on: the .py of __init__.py. */
function isSuffix(text: string, at: number): boolean {
  return text.charAt(at) === '.' && isLetter(letterAt(text, at + 1));
}

/** Which letters may stand inside and outside of signs. */
interface Rules {
  canBegin(inside: string, char: string): boolean;
  canEnd(inside: string): boolean;
}

/** Two signs are hardly ever typed for anything else: powers, paths and arguments are what is left out. */
const strong: Rules = {
  canBegin: (inside) => !isBlank(inside) && !/^[/)\]},;:?=|&%^\ufe0f\u20e3]$/.test(inside),
  canEnd: (inside) => !isBlank(inside) && !/^[([{/\\=|&^<@]$/.test(inside),
};

/** One sign is also times, a pointer, any file, a footnote, a face: it is to stand where a word begins or ends. */
const weak: Rules = {
  canBegin: (inside, char) => isWord(inside) || (/^[\p{Ps}\p{Pi}\p{Sc}"'`¿¡#@-]$/u.test(inside) && char + inside !== '_('),
  canEnd: (inside) => isWord(inside) || isForeignMark(inside) || /^[)\]}\p{Sc}"'`.,;:!?%°+#>-]$/u.test(inside),
};

const mayPrecede = (outside: string) => isBorder(outside) || /^[\p{Ps}"',;!?]$/u.test(outside);
const mayFollow = (outside: string) => isBorder(outside) || /^[\p{Pe}"'.,;:!?]$/u.test(outside);
const isBorder = (it: string) => isBlank(it) || isPicture(it) || isWide(it) || isForeignMark(it);

/** Whether it can begin a word, or is a picture: no accent, and nothing that makes another letter longer or a keycap. */
const isWord = (it: string) => (isLetter(it) || isPicture(it)) && !/^[\p{M}゛゜ﾞﾟー\ufe0f\u20e3]$/u.test(it);

class Matcher {
  readonly roles: (Role | undefined)[];
  private readonly openers: Run[] = [];
  private readonly searched = new Map<string, number>(); // how many of the openers have nothing for a run of this kind

  constructor(private readonly text: string, private readonly words: Uint32Array, signs: number) {
    this.roles = new Array<undefined>(signs).fill(undefined);
  }

  take(run: Run): void {
    while (run.closes && run.count > 0) {
      const at = this.openerFor(run);
      if (at < 0) break;
      this.match(at, run);
    }
    if (run.opens && run.count > 0) this.openers.push(run);
  }

  private openerFor(run: Run): number {
    const key = `${run.char}${run.count}${run.doubtfulAfter}`;
    const bottom = this.searched.get(key) ?? 0;
    for (let at = this.openers.length - 1; at >= bottom; at--) if (this.matches(this.openers[at]!, run)) return at;
    this.searched.set(key, this.openers.length);
    return -1;
  }

  private matches(opener: Run, closer: Run): boolean {
    const width = widthOf(opener, closer);
    if (width === 0 || this.words[opener.to] === this.words[closer.from]) return false;
    if (opener.doubtfulBefore && closer.doubtfulAfter) return false;
    return width === 2 || (!isQuoted(this.text, opener, closer) && !isFace(this.text, opener, closer));
  }

  /** What stands between the two and could have begun something does not. */
  private match(at: number, closer: Run): void {
    const opener = this.openers[at]!;
    const width = widthOf(opener, closer);
    const kind = closer.char === '~' ? 'del' : width === 2 ? 'strong' : 'em';
    const begins = opener.first + opener.count - width;
    const ends = closer.first + width - 1;
    this.roles[begins + width - 1] = {};
    this.roles[begins] = { begins: kind };
    this.roles[closer.first] = {};
    this.roles[ends] = { ends: kind };
    opener.count -= width;
    closer.first += width;
    closer.count -= width;
    this.openers.length = opener.count > 0 ? at + 1 : at;
    for (const [key, bottom] of this.searched) this.searched.set(key, Math.min(bottom, this.openers.length));
  }
}

/** How many signs of each the two use up. One does not match two. */
function widthOf(opener: Run, closer: Run): number {
  if (opener.char !== closer.char) return 0;
  if (opener.count >= 2 && closer.count >= 2) return 2;
  return opener.count === closer.count || opener.count === 3 || closer.count === 3 ? 1 : 0;
}

/** How many letters and pictures a text has before each place in it. */
function countWords(text: string): Uint32Array {
  const before = new Uint32Array(text.length + 1);
  let count = 0;
  for (let at = 0; at < text.length; ) {
    const letter = letterAt(text, at);
    if (isLetter(letter) || isPicture(letter)) count++;
    for (const end = at + letter.length; at < end; ) before[++at] = count;
  }
  return before;
}

/** Whether it is in plain quotes: '*backup*' is for a shell. */
function isQuoted(text: string, opener: Run, closer: Run): boolean {
  const quote = text.charAt(opener.from - 1);
  return (quote === '"' || quote === "'") && text.charAt(closer.to) === quote;
}

const longestFace = 6;

/** Whether it is a face: (*ノωノ*), (*T_T*). */
function isFace(text: string, opener: Run, closer: Run): boolean {
  if (closer.from - opener.to > longestFace) return false;
  const cheeks = text.charAt(opener.from - 1) + text.charAt(closer.to);
  return /^[(（][)）]$/.test(cheeks) && /[ωдД]|[^\p{L}\p{N}\s]/u.test(text.slice(opener.to, closer.from));
}
