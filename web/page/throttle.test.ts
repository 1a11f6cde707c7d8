import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Throttle } from './throttle.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A throttle whose drawings take so long, and what it told, when. */
function paced(drawing: { takes: number }): { throttle: Throttle; told: string[] } {
  const begun = Date.now();
  const told: string[] = [];
  const throttle = new Throttle(
    (ids) => told.push(`${Date.now() - begun}: ${[...ids].join()}`),
    (took) => took(drawing.takes),
  );
  return { throttle, told };
}

test('a change after a silence is told at once, and what changes soon after it together', () => {
  const { throttle, told } = paced({ takes: 1 });
  throttle.note('a');
  throttle.note('b');
  throttle.note('c');
  throttle.note('b');
  vi.advanceTimersByTime(1_000);
  throttle.note('d');
  expect(told).toEqual(['0: a', '80: b,c', '1000: d']);
});

test('where drawing takes long it comes less often, within a bound', () => {
  const drawing = { takes: 50 };
  const { throttle, told } = paced(drawing);
  const busyFor = (milliseconds: number) => {
    for (let passed = 0; passed < milliseconds; passed += 10) {
      throttle.note('a');
      vi.advanceTimersByTime(10);
    }
  };
  busyFor(500);
  drawing.takes = 1_000;
  busyFor(1_200);
  expect(told).toEqual(['0: a', '80: a', '280: a', '480: a', '680: a', '880: a', '1380: a']);
});

test('what somebody waits for is told at once, with all that waits', () => {
  const { throttle, told } = paced({ takes: 50 });
  throttle.note('a');
  throttle.note('b');
  vi.advanceTimersByTime(30);
  throttle.now('c');
  throttle.note('d');
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual(['0: a', '30: b,c', '230: d']);
});

test('what changes as changes are told comes next', () => {
  const told: string[][] = [];
  const throttle = new Throttle(
    (ids) => {
      told.push([...ids]);
      if (told.length === 1) throttle.note('b');
    },
    (took) => took(1),
  );
  throttle.note('a');
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual([['a'], ['b']]);
});
