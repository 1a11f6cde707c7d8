// Everything without a mouse.
import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();
const focused = (person: Person) =>
  person.page.evaluate(() => {
    const { activeElement: at } = document;
    return (
      at?.id || at?.getAttribute('data-id') || at?.getAttribute('aria-label') || at?.getAttribute('role') || at?.tagName
    );
  });

/** Ann, who is in three conversations. */
async function annInThree(): Promise<Person> {
  const ann = await Person.joins(browser(), server().url, 'ann');
  for (const id of ['kitchen', 'garden']) {
    await ann.opens(id);
    await ann.isIn(id);
  }
  return ann;
}

test('Alt and the arrows go through the conversations, with Shift through the unread ones', async () => {
  const ann = await annInThree(); // garden, kitchen, lobby
  await ann.page.keyboard.press('Alt+ArrowDown');
  await ann.isIn('kitchen');
  await ann.page.keyboard.press('Alt+ArrowUp');
  await ann.isIn('garden');
  await ann.page.keyboard.press('Alt+ArrowUp'); // round
  await ann.isIn('lobby');
  await ann.page.keyboard.press('Alt+ArrowDown');
  await ann.isIn('garden');
  await server().post('lobby', 'bob', 'good morning');
  await expect.poll(() => ann.listed('lobby').textContent()).toContain('good morning');
  await ann.page.keyboard.press('Alt+Shift+ArrowDown');
  await ann.isIn('lobby');
  await expect.poll(() => focused(ann)).toBe('message');
});

test('Ctrl+K searches, the arrows choose, and Escape comes back to writing', async () => {
  const ann = await annInThree();
  await ann.page.keyboard.press('Control+k');
  await expect.poll(() => focused(ann)).toBe('search');
  await ann.page.keyboard.type('k');
  await ann.page.keyboard.press('Enter');
  await ann.isIn('kitchen');
  await expect.poll(() => focused(ann)).toBe('message');
  await ann.page.keyboard.type('/'); // is a sign here
  await expect.poll(() => ann.composer.inputValue()).toBe('/');

  await ann.page.keyboard.press('Control+k');
  await expect.poll(() => focused(ann)).toBe('search');
  await ann.page.keyboard.press('ArrowDown');
  await expect.poll(() => focused(ann)).toBe('kitchen'); // where one is
  await ann.page.keyboard.press('End');
  await expect.poll(() => focused(ann)).toBe('lobby');
  await ann.page.keyboard.press('ArrowUp');
  await ann.page.keyboard.press('ArrowUp');
  await expect.poll(() => focused(ann)).toBe('garden');
  await ann.page.keyboard.press('/');
  await expect.poll(() => focused(ann)).toBe('search');
  await ann.page.keyboard.type('xyz');
  await ann.page.keyboard.press('Escape');
  await expect.poll(() => ann.search.inputValue()).toBe('');
  await ann.page.keyboard.press('Escape');
  await expect.poll(() => focused(ann)).toBe('message');
});

test('the key after Escape is heard, however soon it comes', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  await ann.page.keyboard.press('Control+/');
  await ann.page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
  await ann.page.evaluate(() => {
    document.querySelector('dialog')!.requestClose(); // what Escape does
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: ',', ctrlKey: true, bubbles: true }));
  });
  await ann.page.getByRole('dialog', { name: 'Settings' }).waitFor();
  await ann.page.getByRole('dialog', { name: 'Keyboard' }).waitFor({ state: 'detached' });
  await ann.page.goBack(); // one step for the sheet that is open, and none for the one before
  await ann.page.getByRole('dialog', { name: 'Settings' }).waitFor({ state: 'detached' });
  await ann.isIn('lobby');
});

test('the help lists the keys, and gives the focus back', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  await ann.page.keyboard.press('Control+/');
  const help = ann.page.getByRole('dialog', { name: 'Keyboard' });
  await help.waitFor();
  await expect.poll(() => help.textContent()).toContain('Next unread conversation');
  await ann.page.keyboard.press('Escape');
  await help.waitFor({ state: 'detached' });
  await expect.poll(() => focused(ann)).toBe('message');
  await ann.log.focus();
  await ann.page.keyboard.press('?');
  await help.waitFor();
  await ann.page.keyboard.press('Alt+ArrowDown'); // nothing happens under a sheet
  await ann.page.keyboard.press('?');
  await help.waitFor({ state: 'detached' });
  await expect.poll(() => focused(ann)).toBe('Messages in lobby');
  await expect.poll(() => ann.composer.inputValue()).toBe('');
});

test('Tab goes through the page from its beginning to its end, the list is one stop, and each stop can be seen', async () => {
  const ann = await annInThree();
  await ann.search.focus();
  const stops = ['search'];
  const hidden: string[] = [];
  while (stops.at(-1) !== 'Send' && stops.length < 30) {
    await ann.page.keyboard.press('Tab');
    stops.push(String(await focused(ann)));
    if (
      !(await ann.page.evaluate(
        () =>
          document.activeElement!.matches(':focus-visible') &&
          getComputedStyle(document.activeElement!).outlineStyle !== 'none',
      ))
    )
      hidden.push(stops.at(-1)!);
  }
  expect(stops).toEqual([
    'search',
    'garden',
    'Choose another name',
    'Settings',
    'BUTTON',
    'More about garden',
    'Messages in garden',
    'BUTTON',
    'message',
    'Send', // the first BUTTON shows the people; the second, where nobody has written yet, copies the link
  ]);
  expect(hidden).toEqual([]);
});

test('the menu works with the arrows, and gives the focus back', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  const menu = ann.page.getByRole('button', { name: 'More about lobby' });
  await menu.focus();
  await ann.page.keyboard.press('Enter');
  const item = () => ann.page.evaluate(() => document.activeElement!.textContent);
  await expect.poll(item).toBe('Copy link');
  await ann.page.keyboard.press('ArrowUp');
  await expect.poll(item).toBe('Leave');
  await ann.page.keyboard.press('ArrowDown');
  await ann.page.keyboard.press('ArrowDown');
  await expect.poll(item).toBe('Save the transcript…');
  await ann.page.keyboard.press('Escape');
  await expect.poll(() => focused(ann)).toBe('More about lobby');
  await ann.page.getByRole('menu').waitFor({ state: 'detached' });
  await ann.page.keyboard.press('Enter');
  await expect.poll(item).toBe('Copy link');
  await ann.page.keyboard.press('End');
  await ann.page.keyboard.press('Home');
  await ann.page.keyboard.press('ArrowDown');
  await ann.page.keyboard.press('Enter');
  await ann.page.getByRole('dialog', { name: 'Save the transcript of lobby' }).waitFor();
  await ann.page.keyboard.press('Escape');
  await expect.poll(() => focused(ann)).toBe('More about lobby');
});
