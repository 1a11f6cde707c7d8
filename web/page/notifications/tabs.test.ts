// @vitest-environment happy-dom
import { expect, test, vi } from 'vitest';

vi.mock('../state.ts', () => ({ user: { value: 'ann', peek: () => 'ann' }, listAlone: { value: false } }));

test('a tab that may not ask for the others counts as alone', async () => {
  vi.spyOn(document, 'hasFocus').mockReturnValue(false);
  const locks = { query: () => Promise.reject(new DOMException('forbidden', 'SecurityError')) };
  vi.stubGlobal('navigator', { locks });
  const { isToCall } = await import('./tabs.ts');
  expect(await isToCall()).toBe(true);
  vi.unstubAllGlobals();
});
