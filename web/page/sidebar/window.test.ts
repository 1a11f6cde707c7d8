import { expect, test } from 'vitest';
import { offsets, spanOf } from './window.ts';

test('of ten thousand rows a screenful is drawn, wherever one is', () => {
  const tops = offsets(Array.from({ length: 10_000 }, () => 60));
  expect(spanOf(tops, 0, 600)).toEqual({ from: 0, to: 17 });
  expect(spanOf(tops, 300_000, 600)).toEqual({ from: 4994, to: 5017 });
  expect(spanOf(tops, 599_400, 600)).toEqual({ from: 9984, to: 10_000 });
});

test('rows of unlike heights, and none at all', () => {
  expect(offsets([60, 30, 60])).toEqual([0, 60, 90, 150]);
  expect(spanOf(offsets([]), 0, 600)).toEqual({ from: 0, to: 0 });
});
