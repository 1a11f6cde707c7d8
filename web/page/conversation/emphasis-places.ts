// What stands between two places of a text: words, ends of lines, quotes, brackets. Counted once for all its signs.
import { isLetter, isPicture, letterAt } from './letters.ts';

export interface Place {
  /** How many letters and pictures stand before it, and how many lines end there. */
  words: number;
  line: number;
  /** Whether plain quotes are open. */
  inQuotes: boolean;
  /** The innermost brackets around it, by where they open; 0 where none do. */
  brackets: number;
}

export class Places {
  private readonly words: Uint32Array;
  private readonly lines: Uint32Array;
  private readonly quotes: Uint32Array;
  private readonly brackets: Uint32Array;

  constructor(text: string) {
    this.words = countIn(text, (letter) => isLetter(letter) || isPicture(letter));
    this.lines = countIn(text, (letter) => letter === '\n');
    this.quotes = countIn(text, (letter) => letter === '"');
    this.brackets = bracketsIn(text);
  }

  at(place: number): Place {
    return {
      words: this.words[place]!,
      line: this.lines[place]!,
      inQuotes: this.quotes[place]! % 2 === 1,
      brackets: this.brackets[place]!,
    };
  }
}

/** How many letters of a kind stand before each place. */
function countIn(text: string, counts: (letter: string) => boolean): Uint32Array {
  const before = new Uint32Array(text.length + 1);
  let count = 0;
  for (let at = 0; at < text.length; ) {
    const letter = letterAt(text, at);
    if (counts(letter)) count++;
    for (const end = at + letter.length; at < end; ) before[++at] = count;
  }
  return before;
}

const bracket = /[\p{Ps}\p{Pe}\n]/gu;

/** Brackets open and close within a line. One without a partner counts for nothing: it is a face's or a number's. */
function bracketsIn(text: string): Uint32Array {
  const steps = stepsIn(text);
  const around = new Uint32Array(text.length + 1);
  const open = [0];
  for (let at = 0; at < text.length; at++) {
    if (steps[at]! < 0) open.pop();
    around[at] = open[open.length - 1]!;
    if (steps[at]! > 0) open.push(at + 1);
  }
  return around;
}

/** Of each bracket that has a partner, whether it opens (1) or closes (-1). */
function stepsIn(text: string): Int8Array {
  const steps = new Int8Array(text.length);
  const open: { at: number; char: string }[] = [];
  const waiting = new Map<string, number>(); // how many of each kind are open
  const wait = (char: string, count: number) => waiting.set(char, (waiting.get(char) ?? 0) + count);
  for (const { 0: char, index } of text.matchAll(bracket)) {
    if (char === '\n') {
      open.length = 0;
      waiting.clear();
    } else if (isOpening(char)) {
      open.push({ at: index, char });
      wait(char, 1);
    } else {
      // ( and ) are neighbours in Unicode; between [ and ] there is one more
      const partner = [1, 2].map((less) => String.fromCharCode(char.charCodeAt(0) - less)).find(isOpening);
      if (partner === undefined || !waiting.get(partner)) continue;
      for (let last = open.pop()!; ; last = open.pop()!) {
        wait(last.char, -1);
        if (last.char !== partner) continue;
        steps[last.at] = 1;
        steps[index] = -1;
        break;
      }
    }
  }
  return steps;
}

const isOpening = (it: string) => /^\p{Ps}$/u.test(it);
