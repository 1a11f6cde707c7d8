import { expect, test } from 'vitest';
import { beginningOf, type Start } from './beginning.ts';

const held: Start = {
  isKnown: true,
  isHidden: false,
  messages: 3,
  pending: 0,
  hasOlder: false,
  loadingOlder: false,
  isFirstDrawn: true,
  phase: 'online',
};
const said = (start: Partial<Start>) => beginningOf({ ...held, ...start });

test('it says that the record begins only above its first message', () => {
  expect(said({})).toBe('beginning');
  expect(said({ hasOlder: true })).toBeUndefined();
  expect(said({ isFirstDrawn: false })).toBeUndefined();
  expect(said({ loadingOlder: true, hasOlder: true })).toBe('loadingOlder');
});

test('what one writes into a conversation that was never loaded says nothing of its record', () => {
  const never = { isKnown: false, messages: 0 };
  expect(said(never)).toBe('loading');
  expect(said({ ...never, phase: 'offline' })).toBe('notLoaded');
  expect(said({ ...never, phase: 'offline', pending: 1 })).toBe('notLoaded');
  expect(said({ ...never, phase: 'waiting', pending: 1 })).toBe('notLoaded');
  expect(said({ ...never, phase: 'refused' })).toBe('refused');
  expect(said({ ...never, pending: 1 })).toBe('loading');
});

test('a record without a message is empty, and stays so while there is no connection', () => {
  expect(said({ messages: 0 })).toBe('empty');
  expect(said({ messages: 0, phase: 'offline' })).toBe('empty');
  expect(said({ messages: 0, pending: 1 })).toBeUndefined();
});

test('until the place is found nothing is shown', () => {
  expect(said({ isHidden: true })).toBe('loading');
  expect(said({ isHidden: true, phase: 'offline' })).toBe('notLoaded');
  expect(said({ isHidden: true, messages: 0 })).toBe('loading');
});
