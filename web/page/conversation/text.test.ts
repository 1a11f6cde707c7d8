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
