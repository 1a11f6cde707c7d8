// @vitest-environment happy-dom
import { expect, test, vi } from 'vitest';
import { copyText } from './clipboard.ts';

/** A browser without https: it copies what is selected, and asks the page before. */
function copies(takes: boolean) {
  const copied: string[] = [];
  vi.stubGlobal('navigator', {});
  document.execCommand = () => {
    const field = document.activeElement as HTMLTextAreaElement;
    const selected = field.value?.slice(field.selectionStart, field.selectionEnd) ?? '';
    if (!takes || selected === '') return false; // there is nothing to copy
    const asked = new Event('copy', { cancelable: true });
    Object.assign(asked, { clipboardData: { setData: (_: string, text: string) => copied.push(text) } });
    field.dispatchEvent(asked);
    if (!asked.defaultPrevented) copied.push(selected);
    return true;
  };
  return copied;
}

test('without https the browser copies a text to the letter, and the focus stays where it was', async () => {
  const button = document.body.appendChild(document.createElement('button'));
  button.focus();
  const copied = copies(true);
  expect(await copyText('one\r\ntwo ')).toBe(true);
  expect(copied).toEqual(['one\r\ntwo ']);
  expect(document.activeElement).toBe(button);
  expect(document.querySelector('textarea')).toBeNull();
});

test('what the browser does not copy is not said to be copied', async () => {
  copies(false);
  expect(await copyText('one')).toBe(false);
  expect(document.querySelector('textarea')).toBeNull();
});
