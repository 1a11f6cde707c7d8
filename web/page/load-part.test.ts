// @vitest-environment happy-dom
import { expect, test, vi } from 'vitest';
import { __vitePreload as loaded } from './load-part.ts';

const from = 'https://chat.example/below/assets/index.js';
const added: HTMLLinkElement[] = [];
const links = () => added.map(({ rel, href }) => `${rel} ${href}`);
const sheet = (name: string) => added.findLast(({ href }) => href.endsWith(name))!;

vi.spyOn(document.head, 'append').mockImplementation((link) => void added.push(link as HTMLLinkElement)); // and nothing is fetched

test('a part is there once its styles are, and its script is asked for meanwhile', async () => {
  const load = vi.fn(async () => 'the part');
  const part = loaded(load, ['./a.js', './a.css'], from);
  expect(links()).toEqual(['modulepreload https://chat.example/below/assets/a.js', 'stylesheet https://chat.example/below/assets/a.css']);
  await new Promise((over) => setTimeout(over, 20));
  expect(load).not.toHaveBeenCalled();
  sheet('a.css').onload!(new Event('load'));
  expect(await part).toBe('the part');
  expect(await loaded(load, ['./a.js', './a.css'], from)).toBe('the part');
  expect(links().length).toBe(2); // asked for once
});

test('without its styles a part does not come, and the next time they are asked for again', async () => {
  const load = vi.fn(async () => 'the part');
  const part = loaded(load, ['./b.css'], from);
  sheet('b.css').onerror!(new Event('error') as never);
  await expect(part).rejects.toBeTruthy();
  expect(load).not.toHaveBeenCalled();
  const again = loaded(load, ['./b.css'], from);
  sheet('b.css').onload!(new Event('load'));
  expect(await again).toBe('the part');
});

test('a part without styles is loaded at once', async () => {
  expect(await loaded(async () => 'the part')).toBe('the part');
});
