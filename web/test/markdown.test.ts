// Messages as Markdown, in a real browser under the page's policy.
import { expect, test } from 'vitest';
import { useBrowser, withClipboard } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();
const joins = (name: string) => Person.joins(browser(), server().url, name);
const textOf = (person: Person) => person.page.getByTestId('text').first();

test('Markdown is shown, bare links can be followed, and nothing of the page goes with them', async () => {
  const ann = await joins('ann');
  await server().post(
    'lobby',
    'bob',
    '**bold** and https://example.org/a?b=1\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done',
  );
  await ann.sees('bold');
  const text = textOf(ann);
  await expect.poll(() => text.locator('strong').textContent()).toBe('bold');
  await expect.poll(() => text.getByRole('cell').allTextContents()).toEqual(['1', '2']);
  await expect.poll(() => text.getByRole('img', { name: 'done' }).count()).toBe(1);
  const link = text.getByRole('link');
  await expect
    .poll(() => link.evaluate((a: HTMLAnchorElement) => [a.href, a.rel, a.target]))
    .toEqual(['https://example.org/a?b=1', 'noopener noreferrer nofollow', '_blank']);
  ann.hadNoTrouble();
});

test('an image is a link, and the page asks nobody for it', async () => {
  const asked: string[] = [];
  const ann = await joins('ann');
  ann.page.on('request', (request) => asked.push(request.url()));
  await server().post('lobby', 'bob', '![a cat](https://example.org/cat.png) <img src="https://example.org/dog.png">');
  await ann.sees('a cat');
  expect(await ann.log.locator('img').count()).toBe(0);
  await expect.poll(() => textOf(ann).getByRole('link').textContent()).toBe('a cat');
  expect(asked.filter((url) => !url.startsWith(server().url))).toEqual([]);
  ann.hadNoTrouble();
});

withClipboard('code gets its colours from a chunk that is loaded only then, and is copied with one press', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/lobby');
  await ann.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const loaded = () =>
    ann.page.evaluate(() => performance.getEntriesByType('resource').some((entry) => entry.name.includes('highlight')));
  await server().post('lobby', 'bob', 'no code yet');
  await ann.sees('no code yet');
  expect(await loaded()).toBe(false);
  const code = 'func main() {\n\tprintln("hi") // greets\n}';
  await server().post('lobby', 'bob', `\`\`\`go\n${code}\n\`\`\``);
  await ann.log.locator('.hljs-keyword', { hasText: 'func' }).waitFor();
  await expect.poll(loaded).toBe(true);
  await expect.poll(() => ann.page.getByTestId('code').textContent()).toBe(code);
  await ann.page.getByRole('button', { name: 'Copy' }).click();
  await ann.page.getByRole('button', { name: 'Copied' }).waitFor();
  await expect.poll(() => ann.page.evaluate(() => navigator.clipboard.readText())).toBe(code);
  ann.hadNoTrouble();
});

test('a very long message is folded, and unfolds in its place', async () => {
  const ann = await joins('ann');
  await server().post('lobby', 'bob', `begin ${'word '.repeat(3_000)}end`);
  await ann.sees('begin');
  const text = textOf(ann);
  expect(await text.textContent()).not.toContain('end');
  await ann.page.getByRole('button', { name: 'Show all' }).click();
  await expect.poll(() => text.textContent()).toMatch(/end$/);
});

test('long words are broken, and each block has the direction of its own letters', async () => {
  const ann = await joins('ann');
  await ann.page.setViewportSize({ width: 390, height: 844 });
  await server().post('lobby', 'bob', `${'x'.repeat(600)}\n\nשלום עולם\n\nmore`);
  await ann.sees('xxx');
  await expect.poll(() => ann.log.evaluate((log) => log.scrollWidth <= log.clientWidth)).toBe(true);
  const directions = await textOf(ann)
    .locator('p')
    .evaluateAll((blocks) => blocks.map((block) => getComputedStyle(block).direction));
  expect(directions).toEqual(['ltr', 'rtl', 'ltr']);
});

test('a few emoji alone are large', async () => {
  const ann = await joins('ann');
  await server().post('lobby', 'bob', 'small 🎉');
  await server().post('lobby', 'bob', '🎉👍🏽');
  await ann.sees('🎉👍🏽');
  const sizes = await ann.page
    .getByTestId('text')
    .evaluateAll((texts) => texts.map((text) => parseFloat(getComputedStyle(text).fontSize)));
  expect(sizes[1]! / sizes[0]!).toBeGreaterThan(2);
});

test('16 kB of nesting do not hold up the page', async () => {
  const ann = await joins('ann');
  await server().post('lobby', 'bob', '*a '.repeat(2_700) + 'b* '.repeat(2_700));
  await server().post('lobby', 'bob', '> '.repeat(8_000));
  await server().post('lobby', 'bob', 'and on it goes');
  await ann.sees('and on it goes');
  const folded = ann.page.getByRole('button', { name: 'Show all' });
  let unfolded = 0;
  while ((await folded.count()) > 0) {
    await folded
      .first()
      .click({ timeout: 5_000 })
      .then(
        () => unfolded++,
        () => undefined,
      ); // one text's height may take the other off the page just then
  }
  expect(unfolded).toBeGreaterThan(0);
  await ann.says('still here');
  await ann.sees('still here');
  ann.hadNoTrouble();
});
