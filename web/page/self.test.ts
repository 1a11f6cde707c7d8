import { expect, test } from 'vitest';
import { goesBy, isOwn, isOwnName, partsFrom, takesName } from './self.ts';
import { addConversation, loadConversations } from './sidebar/my-conversations.ts';
import { serverSays } from './time.ts';

const at = (hour: number) => new Date(Date.UTC(2026, 10, 24, hour));
const said = (from: string, hour: number) => ({ from, time: at(hour).toISOString() });

test('who takes another name is the same person, and what they wrote until then is theirs', () => {
  expect(goesBy('ann')).toBe('ann');
  takesName('ann', 'Dr. Ann', at(12));
  expect(goesBy('Dr. Ann')).toBe('ann');
  const all = [said('ann', 11), said('ann', 13), said('Dr. Ann', 13), said('bob', 11)];
  expect(all.map((each) => isOwn(each, 'Dr. Ann'))).toEqual([true, false, true, false]);
  expect(['ann', 'Dr. Ann', 'bob'].map((each) => isOwnName(each, 'Dr. Ann'))).toEqual([true, true, false]);
});

test('a name that one comes back to is in use again', () => {
  takesName('eve', 'Evelyn', at(12));
  takesName('Evelyn', 'eve', at(14));
  expect(goesBy('eve')).toBe('eve');
  const all = [said('eve', 15), said('Evelyn', 13), said('Evelyn', 15)];
  expect(all.map((each) => isOwn(each, 'eve'))).toEqual([true, true, false]);
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

test('a name that has a list here is somebody, no matter who was here in between', () => {
  loadConversations('lea'); // of a version that knew of no persons
  addConversation('lobby');
  takesName('max', 'lea', at(10));
  expect(goesBy('lea')).toBe('lea');
  expect(isOwn(said('max', 9), 'lea')).toBe(false);

  loadConversations('ida');
  addConversation('lobby');
  partsFrom('ida', 'tom', at(10));
  takesName('tom', 'ida', at(11));
  expect(goesBy('ida')).toBe('ida');
  expect(isOwn(said('tom', 10), 'ida')).toBe(false);
  expect(goesBy('tom')).toBe('tom');
});

test('somebody else who takes a name that was given up has nothing of who had it', () => {
  takesName('ute', 'Dr. Ute', at(10));
  partsFrom('Dr. Ute', 'ute', at(12));
  const other = goesBy('ute');
  expect(other).not.toBe('ute');
  const all = [said('ute', 9), said('Dr. Ute', 11), said('ute', 13)];
  expect(all.map((each) => isOwn(each, 'ute'))).toEqual([false, false, true]);
  expect(isOwnName('Dr. Ute', 'ute')).toBe(false);
  expect(goesBy('Dr. Ute')).toBe('ute');
  expect(all.map((each) => isOwn(each, 'Dr. Ute'))).toEqual([true, true, false]);
  expect(isOwnName('ute', 'Dr. Ute')).toBe(false); // who reads by that name now is somebody else
  partsFrom('Dr. Ute', 'ute', at(14)); // comes back
  expect(goesBy('ute')).toBe(other);
});

test('a former name that another person takes is theirs from then on', () => {
  takesName('pia', 'Pia P.', at(10));
  takesName('ben', 'pia', at(12));
  expect(goesBy('pia')).toBe('ben');
  const all = [said('ben', 11), said('pia', 9), said('pia', 13)];
  expect(all.map((each) => isOwn(each, 'pia'))).toEqual([true, false, true]);
});

test.for([-2 / 60, 1])('a clock that is %s hours off does not part one from what one wrote', (off) => {
  const [old, name] = [`before ${off}`, `after ${off}`];
  const hour = 3_600_000;
  const server = Date.now() - off * hour;
  serverSays(new Date(server).toISOString());
  takesName(old, name);
  goesBy(name);
  const wrote = (milliseconds: number) => ({ from: old, time: new Date(server + milliseconds).toISOString() });
  expect(isOwn(wrote(-1), name)).toBe(true);
  expect(isOwn(wrote(hour / 2), name)).toBe(false);
});
