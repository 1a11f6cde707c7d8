import { expect, test } from 'vitest';
import { excerptOf } from './excerpt.ts';

test('an excerpt has the words, on one line, and what marks them only where they would say something else', () => {
  expect(excerptOf({ text: '**Coffee** is `ready`:\n\n- [one](https://a.b)\n- two' })).toBe(
    'Coffee is ready: - one - two',
  );
  expect(excerptOf({ text: 'I ~~do **hate**~~ love [~~her~~ you](https://a.b)' })).toBe(
    'I ~~do hate~~ love ~~her~~ you',
  );
  expect(excerptOf({ text: '> you are\n> fired\n\n> > why\n\nno' })).toBe('> you are fired > > why no');
  expect(excerptOf({ text: '* -5\n* 7\n\n1. a\n2. b\n   - c\n\n- [x] e' })).toBe('* -5 * 7 1. a 2. b - c - [x] e');
  expect(excerptOf({ text: 'gone', redacted: true })).toBe('This message was removed.');
});

test('what has no words is shown as it was written', () => {
  expect(excerptOf({ text: '---' })).toBe('---');
  expect(excerptOf({})).toBe('');
});

test('what is long is cut between letters', () => {
  expect(excerptOf({ text: '🎉'.repeat(200) })).toBe(`${'🎉'.repeat(140)}…`);
});

test('an emoji of many parts is one letter', () => {
  expect(excerptOf({ text: '👨‍👩‍👧‍👦'.repeat(150) })).toBe(`${'👨‍👩‍👧‍👦'.repeat(140)}…`);
});

test('marks that begin in the part that is shown are read to their end', () => {
  expect(excerptOf({ text: `**${'word '.repeat(200)}end**` })).toBe(`${'word '.repeat(28)}…`);
  expect(excerptOf({ text: `[here](https://a.example/${'x'.repeat(600)}) it is` })).toBe('here it is');
});
