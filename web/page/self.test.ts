import { expect, test } from 'vitest';
import { goesBy, isOwn, takesName } from './self.ts';

const at = (hour: number) => new Date(Date.UTC(2026, 10, 24, hour));
const said = (from: string, hour: number) => ({ from, time: at(hour).toISOString() });

test('who takes another name is the same person, and what they wrote until then is theirs', () => {
  expect(goesBy('ann')).toBe('ann');
  takesName('ann', 'Dr. Ann', at(12));
  expect(goesBy('Dr. Ann')).toBe('ann');
  expect([said('ann', 11), said('ann', 13), said('Dr. Ann', 13), said('bob', 11)].map((each) => isOwn(each, 'Dr. Ann'))).toEqual([true, false, true, false]);
});

test('a name that one comes back to is in use again', () => {
  takesName('eve', 'Evelyn', at(12));
  takesName('Evelyn', 'eve', at(14));
  expect(goesBy('eve')).toBe('eve');
  expect([said('eve', 15), said('Evelyn', 13), said('Evelyn', 15)].map((each) => isOwn(each, 'eve'))).toEqual([true, true, false]);
});

test('a name that is somebody else here stays theirs', () => {
  takesName('zoe', 'Zoe', at(10));
  takesName('dan', 'Zoe', at(11));
  expect(goesBy('Zoe')).toBe('zoe');
  expect(goesBy('dan')).toBe('dan');
  expect(isOwn(said('Zoe', 12), 'dan')).toBe(false);
});

test('an earlier name leads to the same person, and so does the newest', () => {
  takesName('kim', 'Kim', at(10));
  takesName('Kim', 'Kimberly', at(11));
  expect(goesBy('kim')).toBe('kim');
  expect(goesBy('Kimberly')).toBe('kim');
});
