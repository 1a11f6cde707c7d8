// What people type is what others see, in every place that shows it, and what they copy.

import { marked } from 'marked';
import { type DefaultTreeAdapterTypes as Html, parseFragment } from 'parse5';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useBrowser, withClipboard } from './browser.ts';
import { inFirefox } from './firefox.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';
import { written } from './texts-of-people.ts';

const browser = useBrowser();
const server = useServer();

/** What is to be read: lines that are not blank, cells of tables like lines, without blanks at their ends. */
const lines = (text: string) =>
  text
    .split(/[\n\t]+/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
/** Firefox leaves what only steers the drawing out of innerText: soft hyphens, and marks of direction. */
const steers = inFirefox ? /[\u00ad\u200e\u200f\u202a-\u202e\u2066-\u2069]/g : /(?!)/;
const inOneLine = (text: string) => text.replace(/\s+/g, ' ').trim();
const row = (person: Person, seq: number) => person.page.locator(`[data-testid=message][data-seq="${seq}"]`);
const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

test('a hundred texts of people are shown as they were typed; every tenth is looked for in the list, to its 100th letter', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/kitchen');
  const bob = await Person.joins(browser(), server().url, 'bob', '/c/kitchen');
  await ann.opens('lobby');
  await ann.isIn('lobby');
  const preview = ann.listed('kitchen').getByTestId('preview');
  for (const [index, { text, read, line }] of written.entries()) {
    await server().post('kitchen', 'carol', text);
    const shown = row(bob, index + 1).getByTestId('text');
    await shown.waitFor();
    const button = (await shown.getByTestId('code').count()) > 0 ? ['Copy'] : []; // code has one of its own
    expect(lines(await shown.innerText()), text).toEqual([...button, ...lines(read.replace(steers, ''))]);
    if (index % 10 > 0) continue; // a preview is made of the same words for each, and comes with the next tick
    const begun = [...new Intl.Segmenter().segment(inOneLine(line))].slice(0, 100);
    const letters = begun.map(({ segment }) => segment).join('');
    await expect.poll(async () => inOneLine((await preview.textContent())!), { message: text }).toContain(letters);
  }
  ann.hadNoTrouble();
  bob.hadNoTrouble();
});

withClipboard('a message is copied to the letter: by press, by key, and where no clipboard takes it', async () => {
  const texts = [
    '**注意：**请看 `a` &#38; ¯\\_(ツ)_/¯ 👨‍👩‍👧‍👦  \n  - 5 °C\n\n\n[x](https://a.example "y") ',
    '#',
    '2*3*4 __init__.py',
  ];
  const ann = await Person.joins(browser(), server().url, 'ann');
  await ann.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  for (const text of texts) await server().post('lobby', 'bob', text);
  await ann.sees(texts.at(-1)!);
  for (const [index, text] of texts.entries()) {
    await ann.page.evaluate(() => navigator.clipboard.writeText('something else'));
    const message = row(ann, index + 1);
    await message.hover();
    await message.getByRole('button', { name: 'Copy text' }).click();
    await message.getByText('Copied').waitFor();
    expect(await clipboard(ann.page)).toBe(text);
  }
  await row(ann, 1).focus();
  await ann.page.keyboard.press('c');
  await expect.poll(() => ann.status('notices')).toContain('Copied the text');
  expect(await clipboard(ann.page)).toBe(texts[0]);

  // as over plain http
  await ann.page.evaluate(() => Object.defineProperty(navigator.clipboard, 'writeText', { value: undefined }));
  await row(ann, 2).focus();
  await ann.page.keyboard.press('c');
  await expect.poll(() => clipboard(ann.page)).toBe(texts[1]);
  ann.hadNoTrouble();
});

test('who answers quotes the words, and who is elsewhere is told them: without marks, with all that is none, and no emoji cut', async () => {
  const family = '👨‍👩‍👧‍👦';
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/lobby', async (page) => {
    await page.addInitScript(() => {
      const told: unknown[] = [];
      class Told {
        static readonly permission = 'granted';
        constructor(title: string, { body }: { body: string }) {
          told.push([title, body]);
        }
      }
      Object.assign(globalThis, { Notification: Told, told });
      Object.defineProperty(document, 'hasFocus', { value: () => false });
      // Firefox runs this on about:blank too, which has no storage.
      if (origin !== 'null') localStorage.setItem('verbatim.notifications', 'on');
    });
  });
  await server().post('lobby', 'bob', 'test**it** is **2*3*4**, see `__init__.py`\n1986. A great year');
  await server().post('lobby', 'carol', `${family.repeat(250)} &#38;`, 1);
  await ann.sees(family);
  await expect
    .poll(() => row(ann, 2).getByTestId('quote').textContent())
    .toBe('bobtest**it** is 2*3*4, see __init__.py 1986. A great year');
  await expect
    .poll(() => ann.page.evaluate(() => (globalThis as unknown as { told: unknown[] }).told))
    .toEqual([
      ['bob · lobby', 'test**it** is 2*3*4, see __init__.py 1986. A great year'],
      ['carol · lobby', `${family.repeat(200)}…`],
    ]);
  ann.hadNoTrouble();
});

test('a very long text is folded between letters, and nothing of it is lost', async () => {
  const flags = '🇩🇪🇫🇷👍🏽'.repeat(600);
  const ann = await Person.joins(browser(), server().url, 'ann');
  await server().post('lobby', 'bob', `a${flags}`);
  await ann.sees('a🇩🇪');
  const text = row(ann, 1).getByTestId('text');
  const folded = (await text.textContent())!;
  expect(folded.length).toBeGreaterThan(2_000);
  expect(
    [...new Intl.Segmenter().segment(folded)].slice(1).every(({ segment }) => ['🇩🇪', '🇫🇷', '👍🏽'].includes(segment)),
  ).toBe(true);
  await ann.page.getByRole('button', { name: 'Show all' }).click();
  await expect.poll(() => text.textContent()).toBe(`a${flags}`);
});

test('the exported Markdown shows each text as it was typed, whoever reads it as Markdown', async () => {
  for (const { text } of written) await server().post('kitchen', 'ann', text);
  const response = await fetch(`${server().url}/api/conversations/kitchen/transcript?format=md`);
  const html = parseFragment(await marked.parse(await response.text(), { gfm: true }));
  const quotes = html.childNodes.filter((node) => node.nodeName === 'blockquote').map((node) => wordsIn(node));
  expect(quotes).toHaveLength(written.length);
  for (const [index, { text }] of written.entries()) {
    const typed = text
      .replaceAll('\t', '    ')
      .split('\n')
      .map((line) => line.trimEnd());
    expect(
      quotes[index]!.replaceAll('\u00a0', ' ')
        .split('\n')
        .filter((line) => line !== ''),
      text,
    ).toEqual(typed.filter((line) => line !== ''));
  }
});

/** What a browser shows of HTML: blanks are one, unless they cannot break. */
function wordsIn(node: Html.ChildNode): string {
  if ('value' in node) return node.value.replace(/[ \n]+/g, ' ').replace(/^ $/, '');
  if (node.nodeName === 'br') return '\n';
  const words = 'childNodes' in node ? node.childNodes.map(wordsIn).join('').replace(/\n /g, '\n') : '';
  return node.nodeName === 'p' ? `${words}\n` : words;
}

test('what is marked is drawn so, and what stands before an item is what was typed', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  await server().post(
    'lobby',
    'bob',
    '**注意：**请看 *it* ~~gone~~\n\n1. one\n2. two\n\n7) seven\n9) nine\n\n- [x] done\n\n> said\nanswered',
  );
  await ann.sees('answered');
  const text = row(ann, 1).getByTestId('text');
  expect(await text.locator('strong').textContent()).toBe('注意：');
  expect(await text.locator('em, del').allTextContents()).toEqual(['it', 'gone']);
  expect(await text.getByRole('listitem').allTextContents()).toEqual(['one', 'two', '7) seven', '9) nine', 'done']);
  expect(await text.locator('blockquote').textContent()).toBe('said');
  ann.hadNoTrouble();
});

test('the marks of a list stand where its lines begin, on the right for Hebrew', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  await server().post('lobby', 'bob', '7) seven\n9) nine\n\nand\n\n3) אלף\n4) בית');
  await ann.sees('אלף');
  const sides = await row(ann, 1)
    .locator('li')
    .evaluateAll((items) =>
      items.map((item) => {
        const [mark, words] = [...item.children].map((part) => part.getBoundingClientRect());
        return mark!.right <= words!.left + 1 ? 'left' : mark!.left >= words!.right - 1 ? 'right' : 'over';
      }),
    );
  expect(sides).toEqual(['left', 'left', 'right', 'right']);
});
