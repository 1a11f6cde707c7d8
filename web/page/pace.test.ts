import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Pace } from './pace.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A pace whose drawings take so long, and what it told, when. */
function paced(drawing: { takes: number }): { pace: Pace; told: string[] } {
  const begun = Date.now();
  const told: string[] = [];
  const pace = new Pace(
    (ids) => told.push(`${Date.now() - begun}: ${[...ids].join()}`),
    (took) => took(drawing.takes),
  );
  return { pace, told };
}

test('a change after a silence is told at once, and what changes soon after it together', () => {
  const { pace, told } = paced({ takes: 1 });
  pace.note('a');
  pace.note('b');
  pace.note('c');
  pace.note('b');
  vi.advanceTimersByTime(1_000);
  pace.note('d');
  expect(told).toEqual(['0: a', '80: b,c', '1000: d']);
});

test('where drawing takes long it comes less often, within a bound', () => {
  const drawing = { takes: 50 };
  const { pace, told } = paced(drawing);
  const busyFor = (milliseconds: number) => {
    for (let passed = 0; passed < milliseconds; passed += 10) {
      pace.note('a');
      vi.advanceTimersByTime(10);
    }
  };
  busyFor(500);
  drawing.takes = 1_000;
  busyFor(1_200);
  expect(told).toEqual(['0: a', '80: a', '280: a', '480: a', '680: a', '880: a', '1380: a']);
});

test('what somebody waits for is told at once, with all that waits', () => {
  const { pace, told } = paced({ takes: 50 });
  pace.note('a');
  pace.note('b');
  vi.advanceTimersByTime(30);
  pace.now('c');
  pace.note('d');
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual(['0: a', '30: b,c', '230: d']);
});

test('what changes as changes are told comes next', () => {
  const told: string[][] = [];
  const pace = new Pace(
    (ids) => {
      told.push([...ids]);
      if (told.length === 1) pace.note('b');
    },
    (took) => took(1),
  );
  pace.note('a');
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual([['a'], ['b']]);
});
