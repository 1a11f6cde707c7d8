import { expect, test } from 'vitest';
import { directionOf } from './direction.ts';

test('a text goes the way of its first letter', () => {
  expect(directionOf('Good morning, דוד')).toBe('ltr');
  expect(directionOf('שלום, Ann')).toBe('rtl');
  expect(directionOf('“42 – مرحبا”')).toBe('rtl');
  expect(directionOf('👋 …')).toBe('ltr');
});
