// The page for people who do not see it, in each of its states.
import { expect, test } from 'vitest';
import { axeFaults } from './axe.ts';
import { useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();

/** All that a message can be made of. */
const everything = [
  '# Title',
  'a **b** _c_ ~~d~~ `e` https://a.example',
  '> said',
  '- one\n- [x] two\n- [ ] three',
  '1. first',
  '| a | b |\n|---|---|\n| 1 | 2 |',
  '---',
  '```ts\n// why\nexport const a: number = f("text", /x+/, 1.5, true); // ok\nclass B extends C { @d() e = null; }\n```',
  '```css\na.b { color: #fff; width: 3px }\n```',
  '```xml\n<a b="c">d</a>\n```',
  '```diff\n- old\n+ new\n```',
  '```py\ndef f(x): return print(x)\n```',
  '```yaml\na: 1\n```',
  '```\nplain\n```',
].join('\n\n');

const screens = [
  { width: 1280, height: 800, colorScheme: 'light' },
  { width: 1280, height: 800, colorScheme: 'dark' },
  { width: 390, height: 844, colorScheme: 'light' },
  { width: 390, height: 844, colorScheme: 'dark' },
] as const;

test.for(screens)('at $width pixels, $colorScheme, axe finds nothing wrong', async ({ width, height, colorScheme }) => {
  await server().post('kitchen', 'bob', 'in the list'); // now: the page looks every 10 s who else is there
  const ann = await Person.visits(browser(), server().url, 'ann');
  const { page } = ann;
  const isRight = async (state: string) => expect(await axeFaults(ann.page), state).toEqual([]);
  const phone = width < 700;
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await isRight('welcome');
  await ann.choosesName();
  await ann.isJoined();
  await server().post('lobby', 'דוד', 'hello');
  await ann.says('hello');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  await isRight('conversation');

  await page.getByRole('button', { name: 'More about lobby' }).click();
  await page.getByRole('menu').waitFor();
  await isRight('menu');
  await page.getByRole('menuitem', { name: 'Save the transcript…' }).click();
  await page.getByRole('dialog').waitFor();
  await isRight('export');
  await page.keyboard.press('Escape');
  for (const [keys, sheet] of [
    ['Control+/', 'Keyboard'],
    ['Control+,', 'Settings'],
  ] as const) {
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press(keys);
    await page.getByRole('dialog', { name: sheet }).waitFor();
    await isRight(sheet);
    await page.keyboard.press('Escape');
  }
  await page.getByRole('dialog').waitFor({ state: 'detached' });

  if (phone) {
    await page.getByTestId('people-count').click();
    await page.getByRole('complementary').waitFor();
    await isRight('people');
    await page.getByRole('button', { name: 'Hide who is here' }).click();
    await page.getByRole('button', { name: 'Show conversations' }).click();
  }
  await ann.listed('kitchen').waitFor();
  await isRight('list');
  await ann.opens('käse');
  await page.getByRole('alert').waitFor();
  await isRight('a name that cannot be one');
  await page.keyboard.press('Escape'); // empties the search
  await page.keyboard.press('Escape');

  await ann.composer.fill('x'.repeat(17_000));
  await isRight('too long');
  await ann.composer.fill('');
  await server().kill();
  await expect.poll(() => ann.status('banner')).toContain('Connection lost');
  await ann.says('waits');
  await isRight('offline');
  await server().start();
  await expect.poll(() => ann.states()).toEqual(['recorded', 'recorded']);

  await ann.chooses('Leave');
  await page.getByRole('heading', { name: 'No conversation is open' }).waitFor();
  await isRight('no conversation');
});

test.for(screens)(
  'at $width pixels, $colorScheme, all that a message can be made of has nothing wrong',
  async ({ width, height, colorScheme }) => {
    const ann = await Person.visits(browser(), server().url, 'ann');
    await ann.page.setViewportSize({ width, height });
    await ann.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await ann.choosesName();
    await ann.isJoined();
    await server().post('lobby', 'bob', everything);
    await ann.log.locator('.hljs-keyword').first().waitFor();
    await ann.log.locator('[data-seq="1"]').focus(); // what can be done with it comes up
    await ann.page.keyboard.press('r');
    await ann.says(everything);
    await ann.page.locator('[data-seq="2"] .hljs-keyword').first().waitFor();
    expect(await axeFaults(ann.page)).toEqual([]);
  },
);

test('the keyboard stays on one’s own message when it is recorded', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  await server().kill();
  await expect.poll(() => ann.status('banner')).toContain('Connection lost');
  await ann.says('waits');
  await expect.poll(() => ann.states()).toEqual(['sending']); // it is there to be gone to
  await ann.page.keyboard.press('Shift+Tab');
  const focused = () => ann.page.evaluate(() => document.activeElement?.getAttribute('data-state'));
  await expect.poll(focused).toBe('sending');
  await server().start();
  await ann.log.locator('[data-seq="1"]').waitFor();
  await expect.poll(focused).toBe('recorded');
  await expect.poll(() => ann.page.evaluate(() => document.activeElement?.getAttribute('data-seq'))).toBe('1');
});

test('the whole of it works with the keyboard alone', async () => {
  const ann = await Person.visits(browser(), server().url, 'ann');
  await ann.page.keyboard.type('ann');
  await ann.page.keyboard.press('Enter');
  await ann.isJoined();
  await ann.page.keyboard.type('hello'); // the composer has the focus
  await ann.page.keyboard.press('Enter');
  await ann.log.locator('[data-seq="1"]').waitFor();
  const focused = () =>
    ann.page.evaluate(() => document.activeElement?.getAttribute('data-seq') ?? document.activeElement?.id);
  await expect.poll(focused).toBe('message');
  await ann.page.keyboard.press('Shift+Tab');
  await expect.poll(focused).toBe('1'); // the newest message, from where the arrows go on
});
