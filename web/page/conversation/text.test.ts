import { expect, test } from 'vitest';
import { blocksOf } from './blocks.ts';
import { beginningOf, isCutWithin } from './text.tsx';

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

test('a link that the fold would cut is not shown as one: it would lead elsewhere', () => {
  const long = `https://a.example/${'x'.repeat(4_000)}`;
  const links = (text: string) => JSON.stringify(blocksOf(text) ?? '').match(/"href":"[^"]*"/g) ?? [];
  const words = 'word '.repeat(200);
  for (const before of ['see ', 'see: (', words, `${words}\n`, '看：', 'https://b.example/,', '**', '[x](']) {
    const begun = beginningOf(`${before}${long} and more`)!;
    expect(isCutWithin(`${before}${long} and more`, begun.length), before).toBe(false);
    expect(
      links(begun).filter((link) => link.includes('x'.repeat(10))),
      before,
    ).toEqual([]);
    expect(begun, before).toBe(before.trimEnd() === begun ? begun : before);
  }
  expect(isCutWithin(long, beginningOf(long)!.length)).toBe(true); // nothing stands before it: it is shown as text
  expect(isCutWithin(`www.a.example/${'x'.repeat(4_000)}`, 2_500)).toBe(true);
  expect(isCutWithin('x'.repeat(4_000), 2_500)).toBe(false);
  const mail = `${'x,'.repeat(1_245)}ann@a.example ${'y'.repeat(3_000)}`;
  expect(beginningOf(mail)).not.toMatch(/@/);
});
