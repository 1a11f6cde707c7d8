// The place to write.
import { expect, test } from 'vitest';
import { inChromium, useBrowser, withClipboard } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();
const height = async (person: Person) => (await person.composer.boundingBox())!.height;

withClipboard('many lines that are pasted stay lines, and the field grows with them to a limit', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  const bob = await Person.joins(browser(), server().url, 'bob');
  const lines = Array.from({ length: 60 }, (_, n) => `${' '.repeat(n % 4)}line ${n}`).join('\n');
  const before = await height(ann);
  await ann.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await ann.page.evaluate((text) => navigator.clipboard.writeText(text), lines);
  await ann.composer.press('Control+V');
  await expect.poll(() => ann.composer.inputValue()).toBe(lines);
  await expect.poll(() => height(ann)).toBeGreaterThan(before * 3);
  await expect.poll(() => height(ann)).toBeLessThanOrEqual(700 * 0.4 + 1);
  await ann.composer.press('Enter');
  await bob.page.getByRole('button', { name: 'Show all' }).click();
  await bob.sees('line 59');
  expect((await server().transcript('lobby'))[0]!.text).toBe(lines);
  await expect.poll(() => height(ann)).toBe(before);
});

inChromium('an input method over CDP')('Enter that takes a word from an input method sends nothing', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  const typist = await ann.page.context().newCDPSession(ann.page);
  await ann.composer.focus();
  await typist.send('Input.imeSetComposition', { text: 'にほ', selectionStart: 2, selectionEnd: 2 });
  await ann.composer.dispatchEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true });
  // as Safari does
  await ann.composer.dispatchEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true });
  await typist.send('Input.insertText', { text: '日本' });
  await expect.poll(() => ann.composer.inputValue()).toBe('日本');
  await ann.composer.press('Enter');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  expect((await server().transcript('lobby')).map(({ text }) => text)).toEqual(['日本']);
});

test('what nobody can see is not sent, and says so; and what is too long stays, over a reload too, with by how much', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  const send = ann.page.getByRole('button', { name: 'Send', exact: true });
  for (const text of [' \n ', '\u200b\u2060', '\u3164']) {
    await ann.says(text);
    await expect.poll(() => ann.alert()).toBe('There is nothing to see in this message yet. Type something.');
    expect(await send.getAttribute('aria-disabled')).toBe('true');
    expect(await ann.composer.inputValue()).toBe(text);
  }
  await ann.composer.fill('x'.repeat(16_390));
  await expect.poll(() => ann.alert()).toContain('Too long by 6 bytes');
  await ann.page.reload();
  await ann.isJoined();
  await ann.composer.press('Enter');
  expect(await ann.composer.inputValue()).toHaveLength(16_390);
  await expect.poll(() => ann.alert()).toContain('Too long by 6 bytes');
  expect(await server().transcript('lobby')).toEqual([]);
});

test('two who write at once are both told of', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  const bob = await Person.joins(browser(), server().url, 'bob');
  const zoe = await Person.joins(browser(), server().url, 'zoe');
  await bob.types('H');
  await zoe.types('H');
  await expect.poll(() => ann.status('typing')).toMatch(/^(bob and zoe|zoe and bob) are typing…$/);
  await expect.poll(() => bob.status('typing')).toBe('zoe is typing…');
});

test('names and texts from right to left turn nothing around them', async () => {
  await server().post('lobby', 'דוד', 'שלום (לכולם)!');
  const ann = await Person.joins(browser(), server().url, 'ann');
  const david = await Person.joins(browser(), server().url, 'דוד (dev)');
  await david.types('ש');
  await expect.poll(() => ann.page.getByTestId('typing').textContent()).toBe('\u2068דוד (dev)\u2069 is typing…');
  await ann.page.getByTestId('text').first().waitFor();
  await expect
    .poll(() =>
      ann.page
        .getByTestId('text')
        .locator('p')
        .first()
        .evaluate((text) => getComputedStyle(text).direction),
    )
    .toBe('rtl');
  await expect.poll(() => ann.listed('lobby').getByTestId('preview').getAttribute('dir')).toBe('rtl');
  await expect
    .poll(() => ann.page.getByTestId('people').locator('bdi').allTextContents())
    .toEqual(['ann', 'דוד (dev)']);
  await expect
    .poll(() => ann.listed('lobby').getByTestId('preview').locator('bdi').allTextContents())
    .toEqual(['דוד', 'שלום (לכולם)!']);
});
