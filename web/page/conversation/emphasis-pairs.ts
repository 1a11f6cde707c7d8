// Which runs of signs mark what is between them: each that may end something finds the last that may have begun it.
import type { Place } from './emphasis-places.ts';

export type Kind = 'strong' | 'em' | 'del';

/** What a sign does that marks: it begins or ends something, or stands beside the one that does. */
export interface Role {
  begins?: Kind;
  ends?: Kind;
}

/**
 * Signs that stand together. What is not used yet of them is `count` from `first` on: what ends something is taken from
 * the left, what begins it from the right.
 */
export interface Run {
  char: string;
  from: number;
  to: number;
  first: number;
  count: number;
  /** Whether it was typed as one sign. */
  single: boolean;
  opens: boolean;
  closes: boolean;
  /** Whether writings without blanks stand on both sides. */
  wide: boolean;
  place: Place;
  before: Outside;
  after: Outside;
}

/** What stands outside a run. */
export interface Outside {
  /** Whether it may be times or a power, as in 长*宽*高 and (a+b)**2**(c): where both ends are so, nothing is marked. */
  doubtful: boolean;
  /** Whether it is a word. */
  touches: boolean;
}

export class Pairs {
  readonly roles: (Role | undefined)[];
  private readonly groups = new Map<number, Openers>(); // by what is around them: brackets are marked in pairs

  constructor(
    private readonly text: string,
    signs: number,
  ) {
    this.roles = new Array<undefined>(signs).fill(undefined);
  }

  take(run: Run): void {
    const group = this.groupOf(run.place.brackets);
    while (run.closes && run.count > 0) {
      const opener = group.take(run);
      if (!opener) break;
      this.match(opener, run);
      if (opener.count > 0) group.add(opener);
    }
    if (run.opens && run.count > 0) group.add(run);
  }

  private groupOf(brackets: number): Openers {
    let group = this.groups.get(brackets);
    if (!group) this.groups.set(brackets, (group = new Openers((opener, closer) => this.matches(opener, closer))));
    return group;
  }

  private matches(opener: Run, closer: Run): boolean {
    const width = widthOf(opener, closer);
    const { words, line, inQuotes } = opener.place;
    if (width === 0 || words === closer.place.words || inQuotes !== closer.place.inQuotes) return false;
    if (opener.before.doubtful && closer.after.doubtful) return false;
    if (opener.char === '~') return this.isStruckOut(opener, closer);
    if (width === 2) return !isPath(this.text, opener, closer);
    if ((opener.single || closer.single) && line !== closer.place.line) return false;
    return !isQuoted(this.text, opener, closer) && !isFace(this.text, opener, closer);
  }

  /** Two tildes also draw a word out, 好的~~, or stand in a range, 9点~~10点: they strike out what they plainly enclose. */
  private isStruckOut(opener: Run, closer: Run): boolean {
    if (!opener.before.touches && !closer.after.touches) return true;
    if (opener.before.touches !== closer.after.touches || (opener.wide && closer.wide)) return false;
    const inside = this.text.slice(opener.to, closer.from);
    return inside.length <= longestPart && !/\s|(?![\0-\x7f])\p{P}/u.test(inside);
  }

  /** What stands between the two and could have begun something does not. */
  private match(opener: Run, closer: Run): void {
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
  }
}

/** What may have begun something, the last one last. */
class Openers {
  private readonly runs: Run[] = [];
  private readonly searched = new Map<string, number>(); // how many of them have nothing for a run of this kind

  constructor(private readonly matches: (opener: Run, closer: Run) => boolean) {}

  add(run: Run): void {
    this.runs.push(run);
  }

  /** Takes the last one that goes with a run, and all behind it. */
  take(closer: Run): Run | undefined {
    const { char, count, single, wide, place, after } = closer;
    const key = `${char}${count} ${single} ${wide} ${place.inQuotes} ${after.doubtful} ${after.touches}`;
    const bottom = this.searched.get(key) ?? 0;
    let at = this.runs.length - 1;
    while (at >= bottom && !this.matches(this.runs[at]!, closer)) at--;
    if (at < bottom) return void this.searched.set(key, this.runs.length);
    const opener = this.runs[at]!;
    this.runs.length = at;
    for (const [kind, most] of this.searched) this.searched.set(kind, Math.min(most, at));
    return opener;
  }
}

/** How many signs of each the two use up. One does not match two. */
function widthOf(opener: Run, closer: Run): number {
  if (opener.char !== closer.char) return 0;
  if (opener.count >= 2 && closer.count >= 2) return 2;
  return opener.count === closer.count || opener.count === 3 || closer.count === 3 ? 1 : 0;
}

const longestPart = 40; // letters that are struck out of a word

/** Whether it is a path with any folders at its ends: a slash at both, or another sign of paths behind the first. */
function isPath(text: string, opener: Run, closer: Run): boolean {
  if (text.charAt(opener.to) !== '/') return false;
  return text.charAt(closer.from - 1) === '/' || /[/*]/.test(text.charAt(opener.to + 1));
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
