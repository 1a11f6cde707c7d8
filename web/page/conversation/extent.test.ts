import { expect, test } from 'vitest';
import { extentAround, Heights, rowAt } from './extent.ts';

const rows = Array.from({ length: 1_000 }, (_, index) => ({ key: `seq ${index}`, guess: 50 }));

test('without an anchor the end is drawn, as much as the view and its margin need', () => {
  expect(extentAround(rows, new Heights(), undefined, 500, 100)).toEqual({
    from: 988,
    to: 1_000,
    above: 988 * 50,
    below: 0,
  });
});

test('around the anchor both sides are drawn, and the rest keeps its height', () => {
  const extent = extentAround(rows, new Heights(), { key: 'seq 100', top: -20 }, 500, 100);
  expect(extent).toEqual({ from: 98, to: 113, above: 98 * 50, below: 887 * 50 });
});

test('rows put in before the anchor change nothing of what is drawn', () => {
  const anchor = { key: 'seq 100', top: -20 };
  const keys = (all: typeof rows) => {
    const { from, to } = extentAround(all, new Heights(), anchor, 500, 100);
    return all.slice(from, to).map((row) => row.key);
  };
  const older = Array.from({ length: 50 }, (_, index) => ({ key: `older ${index}`, guess: 50 }));
  expect(keys([...older, ...rows])).toEqual(keys(rows));
});

test('what was measured counts, not what was guessed', () => {
  const heights = new Heights();
  heights.set('seq 999', 2_000);
  expect(extentAround(rows, heights, undefined, 500, 100).from).toBe(999);
  expect(extentAround(rows, heights, { key: 'seq 0', top: 0 }, 500, 100).below).toBe(987 * 50 + 2_000);
});

test('an anchor that is gone leaves the end', () => {
  expect(extentAround(rows, new Heights(), { key: 'gone', top: 0 }, 500, 100).to).toBe(1_000);
});

test('a place far from all that is drawn is found by the heights', () => {
  expect(rowAt(rows, new Heights(), 5_020)).toEqual({ key: 'seq 100', top: -20 });
  expect(rowAt(rows, new Heights(), 99_999)).toEqual({ key: 'seq 999', top: -50_049 });
  expect(rowAt([], new Heights(), 10)).toBeUndefined();
});
