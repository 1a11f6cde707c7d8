// @vitest-environment happy-dom
import { h, render } from 'preact';
import { expect, test, vi } from 'vitest';
import { strings } from '../strings.ts';
import { Copy } from './copy.tsx';

const said = vi.hoisted(() => ({ notices: [] as string[], copies: true }));
vi.mock('../clipboard.ts', () => ({ copyText: async () => said.copies }));
vi.mock('../status/notice.ts', () => ({ notify: (text: string) => void said.notices.push(text) }));

test.for([true, false])('a press says what became of it, where it copied: %s', async (copies) => {
  Object.assign(said, { copies, notices: [] });
  const place = document.body.appendChild(document.createElement('div'));
  render(<Copy text="hello" picture={<i />} label="Copy text" />, place);
  const button = place.querySelector('button')!;
  button.click();
  const { copied, textNotCopied } = strings.message;
  const expected = copies ? { words: copied, notices: [] } : { words: 'Copy text', notices: [textNotCopied] };
  const words = () => button.querySelector('span')!.textContent;
  await vi.waitFor(() => expect({ words: words(), notices: said.notices }).toEqual(expected));
  expect(button.querySelector('span')!.className).toBe('visually-hidden'); // the button is as wide as before
});
