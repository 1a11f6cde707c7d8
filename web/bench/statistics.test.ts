import { expect, test } from 'vitest';
import { median, percentile } from './statistics.ts';

test('a percentile is the smallest value that covers its share', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(hundred, 95)).toBe(95);
  expect(percentile(hundred, 100)).toBe(100);
  expect(percentile(hundred, 0)).toBe(1);
  expect(percentile([10, 30, 20], 95)).toBe(30);
  expect(percentile([7], 50)).toBe(7);
});

test('the median is the middle, and between the two middles of an even number', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([100, 9, 10, 1])).toBe(9.5); // by value, not by spelling
});

test('nothing measured is no figure', () => {
  expect(() => percentile([], 95)).toThrow('nothing was measured');
  expect(() => median([])).toThrow('nothing was measured');
});
