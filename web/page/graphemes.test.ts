import { expect, test } from 'vitest';
import { cutBefore, letterOf, shorten } from './graphemes.ts';

const letters = {
  family: '👨‍👩‍👧‍👦',
  flag: '🇩🇪',
  Scotland: '🏴󠁧󠁢󠁳󠁣󠁴󠁿',
  'a skin': '👍🏽',
  keycap: '1️⃣',
  heart: '❤️',
  'an accent of its own': 'e\u0301',
  Devanagari: 'क्षि',
  Hangul: '\u1100\u1161\u11a8',
  'a pair of halves': '😀',
  'a letter': 'a',
};

test.for(Object.entries(letters))('%s is one letter, and never cut', ([, letter]) => {
  expect(shorten(letter.repeat(5), 3)).toBe(`${letter.repeat(3)}…`);
  expect(shorten(letter.repeat(3), 3)).toBe(letter.repeat(3));
  for (let at = 2 * letter.length; at < 3 * letter.length; at++)
    expect(cutBefore(letter.repeat(5), at)).toBe(2 * letter.length);
});

test('accents without an end are cut, and never a half of a pair', () => {
  const zalgo = `a${'\u0301'.repeat(5_000)}`;
  expect(shorten(zalgo, 10).length).toBeLessThan(200);
  expect(shorten(`a${'\u{1d165}'.repeat(5_000)}`, 10)).toMatch(/^a\u{1d165}+…$/u);
  expect(cutBefore(`😀${'\u0301'.repeat(10)}`, 1)).toBe(0);
  expect(cutBefore(zalgo, 100)).toBe(100);
});

test('what is short enough stays as it is', () => {
  expect(shorten('', 3)).toBe('');
  expect(shorten('abc', 3)).toBe('abc');
  expect(cutBefore('abc', 7)).toBe(3);
});

test.for([
  ['ann', 'A'],
  [' ö', 'Ö'],
  ['e\u0301lan', 'E\u0301'],
  ['🇩🇪 Anna', '🇩🇪'],
  ['👩‍🚀', '👩‍🚀'],
  ['', '?'],
])('the letter of %s is %s', ([name, letter]) => {
  expect(letterOf(name!)).toBe(letter);
});
