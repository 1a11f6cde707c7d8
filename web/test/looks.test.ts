// How a conversation looks: how high a message is, what stands once, and what covers nothing.
import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();
const joins = (name: string, path?: string) => Person.joins(browser(), server().url, name, path);

interface Box {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

const row = (person: Person, seq: number) => person.log.locator(`[data-seq="${seq}"]`);
const boxOf = async (person: Person, selector: string): Promise<Box> =>
  person.page
    .locator(selector)
    .first()
    .evaluate((each) => {
      const { top, bottom, left, right } = each.getBoundingClientRect();
      return { top, bottom, left, right };
    });
const heightOf = async (person: Person, seq: number) =>
  row(person, seq).evaluate((each) => each.getBoundingClientRect().height);

/** Whether the time of a message can be seen, for each row that is drawn. */
const timesSeen = (person: Person) =>
  person.page
    .getByTestId('message')
    .evaluateAll((rows) => rows.map((each) => each.querySelector('.facts')!.getBoundingClientRect().width > 1));

test('a short message is one line with its time beside it, and those that stand together have one time', async () => {
  for (const text of ['one', 'two', 'three']) await server().post('lobby', 'bob', text);
  const ann = await joins('ann');
  await ann.sees('three');
  const line = await row(ann, 2)
    .locator('[data-testid=text] p')
    .evaluate((words) => parseFloat(getComputedStyle(words).lineHeight));
  expect(await heightOf(ann, 2)).toBeLessThan(2 * line); // the second one, as the last, has no author above it
  expect(await heightOf(ann, 3)).toBeLessThan(2 * line);
  expect(await timesSeen(ann)).toEqual([false, false, true]);
  const words = await boxOf(ann, '[data-seq="3"] [data-testid=text] p');
  const time = await boxOf(ann, '[data-seq="3"] time');
  expect(time.top, 'the time stands on the line of the words').toBeLessThan(words.bottom);
  ann.hadNoTrouble();
});

test('who wants messages closer together has them so, and that stays', async () => {
  for (let n = 1; n <= 4; n++) await server().post('lobby', 'bob', `message ${n}`);
  const ann = await joins('ann');
  await ann.sees('message 4');
  const before = await heightOf(ann, 3);
  await ann.page.getByRole('button', { name: 'Settings' }).click();
  await ann.page.getByLabel('Compact').check();
  await expect.poll(() => heightOf(ann, 3)).toBeLessThan(before);
  const compact = await heightOf(ann, 3);
  await ann.page.reload();
  await ann.isJoined();
  await ann.sees('message 4');
  expect(await heightOf(ann, 3)).toBe(compact);
  await ann.page.getByRole('button', { name: 'Settings' }).click();
  await ann.page.getByLabel('Comfortable').check();
  await expect.poll(() => heightOf(ann, 3)).toBe(before);
  ann.hadNoTrouble();
});

test('what can be done with a message stands beside it and covers no words', async () => {
  for (let n = 1; n <= 6; n++)
    await server().post(
      'lobby',
      n % 2 ? 'bob' : 'ann',
      n === 3 ? 'a long one, as wide as a message can be. '.repeat(6) : `message ${n}`,
    );
  const ann = await joins('ann');
  await ann.sees('message 6');
  for (let seq = 1; seq <= 6; seq++) {
    await row(ann, seq).locator('.bubble').hover();
    await row(ann, seq).locator('.actions').waitFor();
    const covered = await ann.page.evaluate(() => {
      const actions = document.querySelector('.actions')!.getBoundingClientRect();
      return [...document.querySelectorAll('.bubble')]
        .filter((bubble) => {
          const box = bubble.getBoundingClientRect();
          return (
            box.left < actions.right && box.right > actions.left && box.top < actions.bottom && box.bottom > actions.top
          );
        })
        .map((bubble) => bubble.textContent);
    });
    expect(covered, `with the pointer on message ${seq}`).toEqual([]);
  }
});

test("the keyboard's ring is around the bubble, not around the row", async () => {
  await server().post('lobby', 'bob', 'hello');
  const ann = await joins('ann');
  await ann.sees('hello');
  await ann.composer.press('Shift+Tab');
  await expect.poll(() => row(ann, 1).evaluate((each) => each === document.activeElement)).toBe(true);
  const outline = (of: string) => ann.page.locator(of).evaluate((each) => getComputedStyle(each).outlineStyle);
  expect(await outline('[data-seq="1"]')).toBe('none');
  expect(await outline('[data-seq="1"] .bubble')).toBe('solid');
});

test('the day stays in sight for who reads in the middle of it', async () => {
  await server().fill('lobby', 120);
  const ann = await joins('ann');
  await ann.sees('message 120');
  await ann.scrolls(-2);
  const day = ann.page.getByTestId('day-now');
  await expect.poll(() => day.textContent()).toBe('Today');
  const log = await boxOf(ann, '.log');
  const { top } = await boxOf(ann, '[data-testid=day-now]');
  expect(top - log.top).toBeGreaterThanOrEqual(0);
  expect(top - log.top).toBeLessThan(30);
  await ann.scrollsToEnd();
  await day.waitFor({ state: 'detached' }); // at the end none means today
});

test('the composer is as wide as the messages', async () => {
  await server().post('lobby', 'bob', 'hello');
  const ann = await joins('ann');
  await ann.sees('hello');
  for (const [width, height] of [
    [1600, 900],
    [1000, 700],
    [390, 800],
  ] as const) {
    await ann.page.setViewportSize({ width, height });
    await expect
      .poll(
        async () => {
          const rows = await boxOf(ann, '.rows');
          const composer = await boxOf(ann, '.composer-row');
          return Math.max(Math.abs(rows.left - composer.left), Math.abs(rows.right - composer.right));
        },
        { message: `at ${width} px` },
      )
      .toBeLessThanOrEqual(16); // the room of a scroll bar
  }
});

test('people in a small room have a colour each', async () => {
  for (let n = 0; n < 15; n++) await server().post('lobby', `person ${n}`, `message ${n}`); // ann is the sixteenth
  const ann = await joins('ann');
  await ann.page.setViewportSize({ width: 1000, height: 1600 }); // all of them are drawn
  await ann.sees('message 0');
  const colours = () =>
    ann.page.locator('.author').evaluateAll((all) => all.map((each) => getComputedStyle(each).color));
  await expect.poll(async () => (await colours()).length).toBe(15);
  expect(new Set(await colours()).size).toBe(15);
});

test('a conversation without a message says what to do: a link to copy, and what Markdown does', async () => {
  const ann = await joins('ann', '/c/plans');
  const empty = ann.page.getByTestId('empty');
  await expect.poll(() => empty.textContent()).toContain('**bold**');
  await empty.getByRole('button', { name: 'Copy a link to invite others' }).click();
  await expect.poll(() => ann.status('notices')).toContain('/c/plans');
  await server().post('plans', 'bob', 'the first');
  await ann.sees('the first');
  await empty.waitFor({ state: 'detached' });
  ann.hadNoTrouble();
});
