import { expect, test } from 'vitest';
import { beginningOf } from './text.tsx';

test('a text of usual length is shown as a whole', () => {
  expect(beginningOf('hello')).toBeUndefined();
  expect(beginningOf('word '.repeat(500))).toBeUndefined();
  expect(beginningOf('line\n'.repeat(39))).toBeUndefined();
});

test('a very long one is cut at the end of a line or a word, and no letter is cut in two', () => {
  expect(beginningOf('word '.repeat(2_000))).toMatch(/^(word )+word$/);
  expect(beginningOf('line\n'.repeat(100))).toMatch(/^(line\n){35,40}line$/);
  expect(beginningOf(`a${'😀'.repeat(4_000)}`)).toMatch(/^a(😀)+$/u);
});

test('no emoji is cut in two, whatever it is made of', () => {
  for (const letter of ['👨‍👩‍👧‍👦', '🇩🇪', '👍🏽', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', 'e\u0301']) {
    for (const before of ['', 'a', 'ab', 'abc']) {
      const begun = beginningOf(before + letter.repeat(3_000))!.slice(before.length);
      expect(begun.length).toBeGreaterThan(1_000);
      expect(begun, letter).toBe(letter.repeat(begun.length / letter.length));
    }
  }
});
