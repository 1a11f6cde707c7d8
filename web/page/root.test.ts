import { expect, test } from 'vitest';
import { keyOf } from './root.ts';

test('two servers on one host, each below a path, share nothing in the browser', () => {
  const keys = ['/', '/chat/', '/team/chat/'].map((below) => keyOf('name', below));
  expect(keys[0]).toBe('verbatim.name'); // as it was before there were paths
  expect(new Set(keys).size).toBe(keys.length);
});
