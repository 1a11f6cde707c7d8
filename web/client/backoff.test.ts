import { expect, test } from 'vitest';
import { retryAfter, retryDelay } from './backoff.ts';

test('the wait doubles, has jitter, and ends at 15 seconds', () => {
  expect([0, 1, 2, 3].map((attempt) => retryDelay(attempt, undefined, () => 1))).toEqual([0.5, 1, 2, 4]);
  expect(retryDelay(0, undefined, () => 0)).toBe(0.25);
  expect(retryDelay(50, undefined, () => 1)).toBe(15);
});

test('the wait is never shorter than what the server asks for', () => {
  expect(retryDelay(0, 1.7, () => 0)).toBe(1.7);
  expect(retryDelay(0, 1.7, () => 1)).toBeCloseTo(2.04);
  expect(retryDelay(0, 30, () => 1)).toBe(31); // the server spreads a crowd itself
  expect(retryDelay(4, 1.7, () => 1)).toBe(8); // the fifth attempt waits longer of itself
});

test('who finds nobody yet after a drain stays as widely spread as the drain has asked for', () => {
  const waits = [0, 0.25, 0.5, 0.75, 1].map((random) => retryDelay(0, undefined, () => random, 8));
  expect(waits).toEqual([0.25, 2, 4, 6, 8]);
  expect(retryDelay(3, undefined, () => 0, 8)).toBe(2); // what it would be anyway
  expect(retryDelay(0, undefined, () => 1, 600)).toBe(15);
});

test('retry_after is read from the reasons of 1001 and 1013 alone', () => {
  expect(retryAfter(1001, 'draining; retry_after=1.7')).toBe(1.7);
  expect(retryAfter(1013, 'too many connections retry_after=3')).toBe(3);
  expect(retryAfter(1001, 'draining')).toBeUndefined();
  expect(retryAfter(1006, 'retry_after=9')).toBeUndefined();
});
