// The page for people who do not see it, or do not use a mouse.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe has against the page as it stands: the rule, and where. */
async function faults(person: Person): Promise<string[]> {
  await person.page.evaluate(axe);
  const found = await person.page.evaluate(() => (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run());
  return found.violations.flatMap((fault) => fault.nodes.map((node) => `${fault.id}: ${node.html}`));
}

/** All that a message can be made of. */
const everything = [
  '# Title', 'a **b** _c_ ~~d~~ `e` https://a.example', '> said', '- one\n- [x] two\n- [ ] three', '1. first', '| a | b |\n|---|---|\n| 1 | 2 |', '---',
  '```ts\n// why\nexport const a: number = f("text", /x+/, 1.5, true); // ok\nclass B extends C { @d() e = null; }\n```',
  '```css\na.b { color: #fff; width: 3px }\n```', '```xml\n<a b="c">d</a>\n```', '```diff\n- old\n+ new\n```', '```py\ndef f(x): return print(x)\n```', '```yaml\na: 1\n```', '```\nplain\n```',
].join('\n\n');

const screens = [
  { width: 1280, height: 800, colorScheme: 'light' },
  { width: 1280, height: 800, colorScheme: 'dark' },
  { width: 390, height: 844, colorScheme: 'light' },
  { width: 390, height: 844, colorScheme: 'dark' },
] as const;

test.for(screens)('at $width pixels, $colorScheme, axe finds nothing wrong', async ({ width, height, colorScheme }) => {
  const ann = await Person.visits(browser(), server().url, 'ann');
  await ann.page.setViewportSize({ width, height });
  await ann.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  expect(await faults(ann)).toEqual([]);
  await ann.choosesName();
  await ann.isJoined();
  await server().post('lobby', 'bob', 'hello');
  await server().post('lobby', 'bob', everything);
  await ann.log.locator('.hljs-keyword').first().waitFor();
  await ann.says('hello');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  expect(await faults(ann)).toEqual([]);
  await ann.log.locator('[data-seq="2"]').focus(); // what can be done with it comes up
  await ann.page.keyboard.press('r');
  await ann.says(everything);
  await ann.page.locator('[data-seq="4"] .hljs-keyword').first().waitFor();
  expect(await faults(ann)).toEqual([]);
  if (width > 700) return;
  await ann.page.getByRole('button', { name: 'Show conversations' }).click();
  await ann.opens('Not Valid');
  expect(await faults(ann)).toEqual([]);
  await ann.page.keyboard.press('Escape');
  await ann.page.getByRole('button', { name: 'Hide conversations' }).waitFor({ state: 'hidden' });
});

test('the whole of it works with the keyboard alone', async () => {
  const ann = await Person.visits(browser(), server().url, 'ann');
  await ann.page.keyboard.type('ann');
  await ann.page.keyboard.press('Enter');
  await ann.isJoined();
  await ann.page.keyboard.type('hello'); // the composer has the focus
  await ann.page.keyboard.press('Enter');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  const focused = () => ann.page.evaluate(() => document.activeElement?.getAttribute('data-seq') ?? document.activeElement?.id);
  expect(await focused()).toBe('message');
  await ann.page.keyboard.press('Shift+Tab');
  expect(await focused()).toBe('1'); // the newest message, from where the arrows go on
});
