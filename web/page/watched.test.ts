// @vitest-environment happy-dom
import { computed, signal } from '@preact/signals';
import { expect, test, vi } from 'vitest';

vi.mock('./state.ts', () => ({ listAlone: signal(false) }));

test('what stands open is read by who looks at the tab, sees it, and has no list before it', async () => {
  const { isRead } = await import('./watched.ts');
  const { listAlone } = (await import('./state.ts')) as unknown as { listAlone: { value: boolean } };
  const browser = { focus: true, hidden: false };
  vi.spyOn(document, 'hasFocus').mockImplementation(() => browser.focus);
  vi.spyOn(document, 'hidden', 'get').mockImplementation(() => browser.hidden);
  const read = computed(() => isRead()); // tells of changes, as a drawing does
  const after = (change: Partial<typeof browser>, event: Event) => {
    Object.assign(browser, change);
    (event.type === 'visibilitychange' ? document : globalThis).dispatchEvent(event);
    return read.value;
  };
  expect(after({}, new Event('focus'))).toBe(true);
  expect(after({ focus: false }, new Event('blur'))).toBe(false);
  expect(after({ focus: true }, new Event('focus'))).toBe(true);
  expect(after({ hidden: true }, new Event('visibilitychange'))).toBe(false); // with the focus
  expect(after({ hidden: false }, new Event('visibilitychange'))).toBe(true);
  listAlone.value = true;
  expect(read.value).toBe(false);
});
