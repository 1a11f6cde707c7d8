// The address of a conversation.
import { expect, test } from 'vitest';
import { useBrowser, withClipboard } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();

withClipboard('a link that one copies opens the conversation for another', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/kitchen');
  await ann.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await ann.says('Look here');
  await ann.chooses('Copy link');
  await expect.poll(() => ann.status('notices')).toContain('/c/kitchen');
  const link = await ann.page.evaluate(() => navigator.clipboard.readText());
  expect(link).toBe(`${server().url}/c/kitchen`);
  const bob = await Person.joins(browser(), '', 'bob', link);
  await bob.sees('Look here');
});

test('a link that could not be copied is shown', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/kitchen', async (page) => {
    await page.addInitScript(() => {
      Object.defineProperty(navigator, 'clipboard', { value: undefined });
      document.execCommand = () => false;
    });
  });
  await ann.chooses('Copy link');
  await expect.poll(() => ann.status('notices')).toContain(`The link is ${server().url}/c/kitchen`);
});

test('without https a link is copied all the same', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/kitchen', async (page) => {
    await page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
  });
  await ann.chooses('Copy link');
  await expect.poll(() => ann.status('notices')).toContain(`Copied: ${server().url}/c/kitchen`);
  await ann.composer.focus();
  await ann.page.keyboard.press('Control+V');
  await expect.poll(() => ann.composer.inputValue()).toBe(`${server().url}/c/kitchen`);
});

test('back and forward go through the conversations as they were opened', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann', '/');
  expect(new URL(ann.page.url()).pathname).toBe('/c/lobby'); // which can be copied
  await ann.opens('kitchen');
  await ann.isIn('kitchen');
  await ann.opens('garden');
  await ann.isIn('garden');
  await ann.page.goBack();
  await ann.isIn('kitchen');
  await ann.page.goBack();
  await ann.isIn('lobby');
  await ann.page.goForward();
  await ann.isIn('kitchen');
  expect(new URL(ann.page.url()).pathname).toBe('/c/kitchen');
});

test('a link that leads nowhere says so, and the way on is there', async () => {
  const ann = await Person.visits(browser(), server().url, 'ann', '/c/No%20Way');
  await ann.choosesName();
  await expect.poll(() => ann.alert()).toContain('“No Way” cannot be a conversation');
  await ann.page.getByRole('heading', { name: 'This link leads nowhere' }).waitFor();
  await ann.opens('lobby');
  await ann.isIn('lobby');
  await ann.page.goBack();
  await ann.page.getByRole('heading', { name: 'This link leads nowhere' }).waitFor();
  ann.hadNoTrouble();
});

test("the transcript is saved in each form, under the conversation's name", async () => {
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/kitchen');
  await ann.says('Write this down');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  await ann.chooses('Save the transcript…');
  for (const [name, format] of [
    ['Markdown', 'md'],
    ['Plain text', 'txt'],
    ['JSON One', 'json'],
    ['JSON Lines', 'jsonl'],
  ] as const) {
    const [download] = await Promise.all([
      ann.page.waitForEvent('download'),
      ann.page.getByRole('link', { name: new RegExp(`^${name}`) }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`kitchen.${format}`);
    const saved = Buffer.concat(await (await download.createReadStream()).toArray()).toString();
    expect(saved).toContain('Write this down');
    if (format === 'json') expect(JSON.parse(saved)).toMatchObject({ session_id: 'kitchen', message_count: 1 });
  }
  ann.hadNoTrouble();
});
