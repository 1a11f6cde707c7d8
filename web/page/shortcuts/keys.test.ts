import { expect, test } from 'vitest';
import { strings } from '../dialog/strings.ts';
import { actionOf, shortcuts } from './keys.ts';

const press = (key: string, ...held: ('ctrl' | 'meta' | 'alt' | 'shift')[]) => ({
  key,
  ctrlKey: held.includes('ctrl'),
  metaKey: held.includes('meta'),
  altKey: held.includes('alt'),
  shiftKey: held.includes('shift'),
});

test('keys are told apart by what is held with them', () => {
  expect(actionOf(press('k', 'ctrl'), true)).toBe('search');
  expect(actionOf(press('K', 'meta'), true)).toBe('search');
  expect(actionOf(press('k'), false)).toBeUndefined();
  expect(actionOf(press('ArrowDown', 'alt'), true)).toBe('next');
  expect(actionOf(press('ArrowDown', 'alt', 'shift'), true)).toBe('nextUnread');
  expect(actionOf(press('ArrowDown'), true)).toBeUndefined();
});

test('a sign is a sign where somebody writes, and a shortcut elsewhere', () => {
  expect(actionOf(press('/'), true)).toBeUndefined();
  expect(actionOf(press('?', 'shift'), true)).toBeUndefined();
  expect(actionOf(press('/'), false)).toBe('search');
  expect(actionOf(press('?', 'shift'), false)).toBe('help');
  expect(actionOf(press('/', 'ctrl'), true)).toBe('help');
});

test('no two do something with one key, and the help has words for each', () => {
  const keys = shortcuts.flatMap((shortcut) => shortcut.keys);
  expect(new Set(keys).size).toBe(keys.length);
  for (const { action } of shortcuts) expect(strings.help.actions[action]).toMatch(/\w/);
});
