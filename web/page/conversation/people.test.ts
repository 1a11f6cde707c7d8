// What people type is what everybody sees, wherever it is shown.

import { canBeSeen, type Message } from '@verbatim/client';
import { expect, test } from 'vitest';
import { written } from '../../test/texts-of-people.ts';
import { shorten } from '../graphemes.ts';
import { wordsOf } from '../notifications/words.ts';
import { words } from './drawn.ts';
import { excerptOf } from './excerpt.ts';
import { plainOf } from './markdown.ts';

const lines = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
const inOneLine = (text: string) => text.replace(/\s+/g, ' ').trim();
const message = (text: string): Message => ({
  type: 'message',
  conversation: 'kitchen',
  seq: 1,
  from: 'bob',
  time: '',
  text,
});

test('there are at least a hundred of them', () => {
  expect(new Set(written.map(({ text }) => text)).size).toBeGreaterThanOrEqual(100);
});

test.for(written)('$kind: $text is shown as it was typed', ({ text, read }) => {
  expect(lines(words(text).join('\n'))).toEqual(lines(read));
});

test.for(written)('$kind: $text is previewed, quoted and told of as it was typed', ({ text, line }) => {
  expect(plainOf(text)).toBe(inOneLine(line));
  expect(excerptOf({ text })).toBe(shorten(inOneLine(line), 140));
  expect(wordsOf(message(text), 'ann')?.body).toBe(shorten(inOneLine(line), 200));
});

// Texts of nothing but marks and a few letters, at random: a letter that is no mark is never lost, and no text becomes
// nothing.

const pieces = [
  '*',
  '**',
  '***',
  '_',
  '__',
  '~~',
  '~',
  '`',
  '``',
  '```',
  '\\',
  '[',
  ']',
  '(',
  ')',
  '![',
  '](',
  '<',
  '>',
  '# ',
  '#',
  '> ',
  '- ',
  '+ ',
  '* ',
  '1. ',
  '2) ',
  '007. ',
  '| ',
  '|',
  '|-|',
  '---',
  '===',
  '\n',
  '\n\n',
  '    ',
  ' ',
  ' ',
  'a',
  'b7',
  'word',
  '注',
  '：',
  '。',
  'é',
  '😀',
  '🇩🇪',
  '&#38;',
  '<b>',
  '<!--',
  '[x]: /y',
  ':',
  '.',
  ',',
  '"',
  "'",
  '\t',
  '@',
  '/',
  '^',
  'א',
  'ツ',
  '[ ] ',
  '[x] ',
  '（',
  '）',
  '“',
  '”',
  '\u200f',
  '\u2068',
  '\u2069',
  '>D',
  '>_<',
  '/**',
  '**/',
  'ー',
  'हि',
  '~~好',
  '好~~',
  '!',
  '+',
  '->',
];
let seed = 20_261_130;
const next = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
const random = (from: string[], most: number) =>
  Array.from({ length: 1 + next(most) }, () => from[next(from.length)]).join('');
const letters = (text: string) => text.replace(/[^\p{L}\p{N}\p{So}：。&;"'/^@,.]/gu, '').replace(/[x\d]/g, ''); // x is also in a box, and a digit in a list that the browser counts
const isPartOf = (part: string, whole: string) => {
  let at = -1;
  return [...part].every((letter) => (at = whole.indexOf(letter, at + 1)) >= 0);
};
const seen = (text: string) => text.replace(/\s+/g, '');

test('no letter of a text is lost, none comes in, and no text becomes nothing', () => {
  for (let round = 0; round < 20_000; round++) {
    const text = random(pieces, 16);
    if (!canBeSeen(text)) continue;
    for (const shown of [words(text).join('\n'), plainOf(text)]) {
      if (shown !== plainOf(text) || !text.includes('```'))
        expect(letters(shown), JSON.stringify(text)).toBe(letters(text)); // in one line code has no language
      expect(canBeSeen(shown), JSON.stringify(text)).toBe(true);
      if (!/\d[.)]|\[[x ]\]/.test(text))
        expect(isPartOf(seen(shown), seen(text)), JSON.stringify([text, shown])).toBe(true);
    }
  }
});

test('with addresses too: only where a link leads may be hidden, and what is shown was typed', () => {
  const links = [
    ...pieces,
    'https://a.example/x',
    'http://[::1]:8080',
    '](https://b.example)',
    'ann@c.example',
    '<https://d.example>',
    'www.e.example',
    ' "title")',
  ];
  for (let round = 0; round < 10_000; round++) {
    const text = random(links, 12);
    if (!canBeSeen(text)) continue;
    for (const shown of [words(text).join('\n'), plainOf(text)]) {
      expect(canBeSeen(shown), JSON.stringify(text)).toBe(true);
      if (!/\d[.)]|\[[x ]\]/.test(text))
        expect(isPartOf(seen(shown), seen(text)), JSON.stringify([text, shown])).toBe(true);
    }
  }
});
