import { expect, test } from 'vitest';
import { choice, idFrom, rowsFor } from './listing.ts';

const words = { others: 'OTHERS', nothing: 'NOTHING', failed: 'FAILED' };
const own = ['lobby', 'kitchen', 'old-kit'].map((id) => ({ id, added: '' }));
const found = ['kit-cat', 'kitchen', 'lobby'].map((id) => ({ id, last: 1, online: 0 }));
const rows = (typed: string, failed = false) =>
  rowsFor(typed, own, found, failed, words).map((row) => `${row.kind} ${'id' in row ? row.id : row.text}`);

test("one's own come first, then what else there is, and nothing twice", () => {
  expect(rows('')).toEqual(['own lobby', 'own kitchen', 'own old-kit', 'heading OTHERS', 'other kit-cat']);
});

test('a search finds the middle of names, and offers to start one', () => {
  expect(rows('itch')).toEqual(['own kitchen', 'start itch']);
  expect(rows('-Cat')).toEqual(['heading OTHERS', 'other kit-cat']);
  expect(rows('kit cat')).toEqual(['heading OTHERS', 'other kit-cat']);
  expect(rows('Kit')).toEqual(['own kitchen', 'own old-kit', 'heading OTHERS', 'other kit-cat', 'start kit']);
  expect(rows('kitchen')).toEqual(['own kitchen']);
  expect(rows('kit-cat')).toEqual(['heading OTHERS', 'other kit-cat']);
});

test('what is not there says so', () => {
  expect(rows('?')).toEqual(['note NOTHING']);
  expect(rows('?', true)).toEqual(['note FAILED']);
});

test('what was meant as a name becomes one', () => {
  expect(idFrom('  Team Lunch ')).toBe('team-lunch');
  expect(idFrom('käse')).toBeUndefined();
  expect(idFrom('')).toBeUndefined();
});

test('Enter opens what is called so, else the first that is found, and begins no other', () => {
  const chosen = (typed: string) => choice(typed, rowsFor(typed, own, found, false, words));
  expect(chosen('kit')).toBe('kitchen');
  expect(chosen('kit-cat')).toBe('kit-cat');
  expect(chosen('Kit Cat')).toBe('kit-cat');
  expect(chosen('-cat')).toBe('kit-cat');
  expect(chosen('garden')).toBeUndefined();
  expect(chosen('Not Valid')).toBeUndefined();
});
