// Which of the signs * _ ~ mark something. In CommonMark almost any two do; people also write 2*3*4, __init__.py, *.txt
// and 10~~15. So here they mark whole words and nothing else: what stands outside must not belong to the word, and what
// stands inside must be one. Writings without blanks between words (Chinese, Japanese, Thai …) have their own rules for
// both.
import { Pairs, type Role, type Run } from './emphasis-pairs.ts';
import { Places } from './emphasis-places.ts';
import { isBlank, isFormat, isLetter, isPicture, isWide, letterAt, letterBefore } from './letters.ts';

/** One sign. `from` is where its backslash stands, where it has one. */
export interface Sign {
  char: string;
  from: number;
  to: number;
}

/** What is marked in one text. */
export class Emphasis {
  private places?: Places;

  constructor(private readonly text: string) {}

  /** What each of some signs does, as if no others were there; nothing for a sign that is only itself. */
  rolesOf(signs: Sign[]): (Role | undefined)[] {
    if (signs.length === 0) return [];
    const places = (this.places ??= new Places(this.text));
    const pairs = new Pairs(this.text, signs.length);
    for (const run of runsOf(this.text, signs, places)) pairs.take(run);
    return isDeep(pairs.roles) ? [] : pairs.roles;
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

const maxTogether = 3; // signs; more of them are a line, a gap to fill in, or a word that nobody wants to say

function runsOf(text: string, signs: Sign[], places: Places): Run[] {
  const runs: Run[] = [];
  for (let first = 0, end = 0; first < signs.length; first = end) {
    const begin = signs[first]!;
    const goesOn = (at: number) => signs[at]?.char === begin.char && signs[at]!.from === signs[at - 1]!.to;
    for (end = first + 1; goesOn(end); end++);
    const count = end - first;
    if (count > maxTogether || (begin.char === '~' && count !== 2)) continue;
    runs.push(runOf(text, places, { ...begin, to: signs[end - 1]!.to, first, count }));
  }
  return runs;
}

type Typed = Pick<Run, 'char' | 'from' | 'to' | 'first' | 'count'>;

function runOf(text: string, places: Places, { char, from, to, first, count }: Typed): Run {
  const before = letterBefore(text, from);
  const after = letterAt(text, to);
  const single = count === 1;
  const left = skippedBefore(text, from, isSign);
  const right = skippedAfter(text, to, isSign);
  const { canBegin, canEnd } = single ? weak : strong;
  const begins = canBegin(skippedAfter(text, to, isUnseen), char) && !joins(before, after);
  const ends = canEnd(skippedBefore(text, from, isUnseen)) && !joins(after, before) && !isSuffix(text, to);
  const alone = isNamed(left, right) || isKeycap(after);
  const free = !single && char !== '_'; // what stands outside matters less
  const named = !single && char === '_'; // it may be a name of a program's
  const doubtful = single ? times : power;
  return {
    char,
    from,
    to,
    first,
    count,
    single,
    place: places.at(from),
    wide: isWide(before) && isWide(after),
    opens: begins && !alone && (free || mayPrecede(left)) && !(named && beginsName(text, to)),
    closes: ends && !alone && (free || (mayFollow(right) && !isNext(left, right))) && !(named && endsName(text, from)),
    before: { doubtful: doubtful.before(before), touches: isWord(left) },
    after: { doubtful: doubtful.after(after), touches: isWord(right) },
  };
}

/** What stands before and after a sign that may mean times or a power. */
const times = {
  before: (it: string) => isWide(it) || /^\p{Pe}$/u.test(it),
  after: (it: string) => isWide(it) || /^\p{Ps}$/u.test(it),
};
const power = {
  before: (it: string) => /^[)\]}/]$/.test(it),
  after: (it: string) => /^[([{/+-]$/.test(it),
};

/** Whether it begins what comes next, as the second sign in *姓名，*电话. */
const isNext = (left: string, right: string) => isForeignMark(left) && isWord(right);

const isSign = (it: string) => it === '*' || it === '_' || it === '~';
const isUnseen = (it: string) => isSign(it) || isFormat(it);
const isWord = (it: string) => isLetter(it) || isPicture(it);
const isKeycap = (it: string) => it === '\ufe0f' || it === '\u20e3';

const maxSkipped = 16; // signs, and what cannot be seen: as many as a flag has at its end, and more than marks need

/** The first letter that is not skipped: other signs may stand between. */
function skippedAfter(text: string, at: number, skips: (it: string) => boolean): string {
  let it = letterAt(text, at);
  for (let count = 0; count < maxSkipped && skips(it); count++) it = letterAt(text, (at += it.length));
  return it;
}

function skippedBefore(text: string, at: number, skips: (it: string) => boolean): string {
  let it = letterBefore(text, at);
  for (let count = 0; count < maxSkipped && skips(it); count++) it = letterBefore(text, (at -= it.length));
  return it;
}

/** Whether a sign is named and not meant: '*', "**", “*”, (*), ･_･. The same stands on both sides, or its partner. */
function isNamed(left: string, right: string): boolean {
  if (isBlank(left) || isLetter(left) || isPicture(left)) return false;
  return left === right || /^(?:[\p{Ps}\p{Pi}][\p{Pe}\p{Pf}]|„“|‚‘|»«|›‹)$/u.test(left + right);
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

/** Two signs are hardly ever typed for anything else: powers and arguments are what is left out. */
const strong: Rules = {
  canBegin: (inside) => !isBlank(inside) && !/^[)\]},;:?=|&%^\ufe0f\u20e3]$/.test(inside),
  canEnd: (inside) => !isBlank(inside) && !/^[([{\\=|&^<@]$/.test(inside),
};

/** One sign is also times, a pointer, any file, a footnote, a face: it is to stand where a word begins or ends. */
const weak: Rules = {
  canBegin: (inside, char) =>
    mayBeginWord(inside) || (/^[\p{Ps}\p{Pi}\p{Sc}"'`¿¡#@-]$/u.test(inside) && char + inside !== '_('),
  canEnd: (inside) => isWord(inside) || isForeignMark(inside) || /^[)\]}\p{Sc}"'`.,;:!?%°+#>-]$/u.test(inside),
};

const mayPrecede = (outside: string) => isBorder(outside) || /^[\p{Ps}"',;!?]$/u.test(outside);
const mayFollow = (outside: string) => isBorder(outside) || /^[\p{Pe}"'.,;:!?]$/u.test(outside);
const isBorder = (it: string) => isBlank(it) || isPicture(it) || isWide(it) || isForeignMark(it);

/** Whether it can begin a word, or is a picture. Accents, and what makes a letter longer or a keycap, only end one. */
const mayBeginWord = (it: string) => isWord(it) && !/^[\p{M}゛゜ﾞﾟー\ufe0f\u20e3]$/u.test(it);
