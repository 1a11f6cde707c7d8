// @vitest-environment happy-dom
import { expect, test, vi } from 'vitest';
import { __vitePreload as loaded } from './load-part.ts';

const from = 'https://chat.example/below/assets/index.js';
const added: HTMLLinkElement[] = [];
const links = () => added.map(({ rel, href }) => `${rel} ${href}`);
const sheet = (name: string) => added.findLast(({ href }) => href.endsWith(name))!;

// and nothing is fetched
vi.spyOn(document.head, 'append').mockImplementation((link) => void added.push(link as HTMLLinkElement));

test('a script is asked for once its styles are there', async () => {
  const load = vi.fn(async () => 'the part');
  const part = loaded(load, ['./a.js', './a.css'], from);
  expect(links()).toEqual(['stylesheet https://chat.example/below/assets/a.css']);
  await new Promise((over) => setTimeout(over, 20));
  expect(load).not.toHaveBeenCalled();
  sheet('a.css').onload!(new Event('load'));
  expect(await part).toBe('the part');
  expect(await loaded(load, ['./a.js', './a.css'], from)).toBe('the part');
  expect(links().length).toBe(1); // asked for once
});

test('without its styles a part does not come, and the next time they are asked for again', async () => {
  const load = vi.fn(async () => 'the part');
  const part = loaded(load, ['./b.js', './b.css'], from);
  const remove = vi.spyOn(sheet('b.css'), 'remove');
  sheet('b.css').onerror!(new Event('error') as never);
  await expect(part).rejects.toBeTruthy();
  expect(load).not.toHaveBeenCalled();
  expect(remove).toHaveBeenCalled();
  const again = loaded(load, ['./b.js', './b.css'], from);
  sheet('b.css').onload!(new Event('load'));
  expect(await again).toBe('the part');
});

test('a part without styles is loaded at once', async () => {
  expect(await loaded(async () => 'the part', ['./c.js'], from)).toBe('the part'); // no sheet tells of anything
});
