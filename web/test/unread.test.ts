// What came while nobody looked is not passed over.

import type { Locator, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';
import { Wire } from './wire.ts';

const browser = useBrowser();
const server = useServer();
const joins = (name: string, prepare?: (page: Page) => Promise<void>) =>
  Person.joins(browser(), server().url, name, '/c/lobby', prepare);

/** The page as it is told whether its window has the focus: `away` is set by `looksAway` and `looksBack`. */
async function letsLookAway(page: Page): Promise<void> {
  await page.addInitScript(() =>
    Object.defineProperty(document, 'hasFocus', {
      value: () => !(globalThis as { away?: boolean }).away,
    }),
  );
}

const looksAway = (person: Person, away: boolean) =>
  person.page.evaluate((gone) => {
    (globalThis as { away?: boolean }).away = gone;
    dispatchEvent(new Event(gone ? 'blur' : 'focus'));
  }, away);

/** Opens at the first of what is new: the line stands before it, and it is the first thing that one sees. */
async function standsAtNew(person: Person, seq: number): Promise<void> {
  await person.page.getByTestId('fresh').waitFor();
  expect(await person.log.locator(`[data-seq="${seq}"]`).getByTestId('fresh').count()).toBe(1);
  await expect.poll(async () => (await person.firstSeen()).seq).toBe(seq);
  const covered = seq > 1 && (await coveredByDay(person)); // the first message has its day above it
  expect(covered, 'the day that stays in sight lies over the word "New"').toBe(false);
  await expect.poll(() => person.page.getByTestId('jump').textContent()).toMatch(/\d+ new messages/);
  expect(await server().readTo('lobby', person.name)).toBeLessThan(seq + 100);
}

/** Reports whether the day covers the word of the line, as soon as the day is there. */
async function coveredByDay(person: Person): Promise<boolean> {
  const boxOf = async (words: Locator) => (await words.boundingBox())!;
  await person.page.getByTestId('day-now').waitFor();
  const [day, word] = await Promise.all([
    boxOf(person.page.getByTestId('day-now')),
    boxOf(person.page.getByTestId('fresh').locator('span')),
  ]);
  const apart = word.x + word.width <= day.x || day.x + day.width <= word.x;
  return !apart && word.y < day.y + day.height && day.y < word.y + word.height;
}

async function readsToTheEnd(person: Person, newest: number): Promise<void> {
  await person.sees(`message ${newest}`);
  await expect.poll(() => server().readTo('lobby', person.name)).toBe(newest);
}

test('who read to the end, left the page and comes back in the same tab is shown where the new ones begin', async () => {
  await server().fill('lobby', 30);
  const ann = await joins('ann');
  await readsToTheEnd(ann, 30);
  await ann.page.goto('about:blank');
  await server().fill('lobby', 200, (n) => `news ${n}`);
  await ann.page.goBack();
  await ann.isJoined();
  await standsAtNew(ann, 31);
  ann.hadNoTrouble();
});

test('a conversation that is opened from the list after a reload elsewhere opens where the new ones begin', async () => {
  await server().fill('lobby', 30);
  const ann = await joins('ann');
  await readsToTheEnd(ann, 30);
  await ann.page.goto(`${server().url}/c/kitchen`);
  await ann.isIn('kitchen');
  await server().fill('lobby', 200, (n) => `news ${n}`);
  await ann.listed('lobby').click();
  await ann.isIn('lobby');
  await standsAtNew(ann, 31);
});

test('what comes to a window that nobody looks at is read from its first one on', async () => {
  await server().fill('lobby', 30);
  const ann = await joins('ann', letsLookAway);
  await readsToTheEnd(ann, 30);
  await looksAway(ann, true);
  await server().fill('lobby', 200, (n) => `news ${n}`);
  await expect.poll(async () => (await ann.held())[1]).toBe(230);
  await expect.poll(async () => (await ann.firstSeen()).seq).toBe(31);
  await looksAway(ann, false);
  await standsAtNew(ann, 31);
  await ann.page.getByTestId('jump').click();
  await ann.sees('news 200');
  await expect.poll(() => server().readTo('lobby', 'ann')).toBe(230);
});

test('what comes to a window that nobody looks at stays in sight as long as all of it has room', async () => {
  await server().fill('lobby', 30);
  const ann = await joins('ann', letsLookAway);
  await readsToTheEnd(ann, 30);
  await looksAway(ann, true);
  await server().post('lobby', 'bob', 'one');
  await server().post('lobby', 'bob', 'two');
  await ann.sees('two');
  await looksAway(ann, false);
  await expect.poll(() => server().readTo('lobby', 'ann')).toBe(32);
  expect(await ann.log.locator('[data-seq="31"]').getByTestId('fresh').count()).toBe(1);
  await server().post('lobby', 'bob', 'three');
  await expect.poll(() => server().readTo('lobby', 'ann')).toBe(33);
  expect(await ann.page.getByTestId('jump').count()).toBe(0);
});

test('what was missed while the connection was gone is read from its first one on', async () => {
  await server().fill('lobby', 30);
  const wire = new Wire();
  const ann = await joins('ann', wire.lay);
  await readsToTheEnd(ann, 30);
  wire.cut();
  await expect.poll(() => ann.status('banner')).toContain('Connection lost');
  await server().fill('lobby', 200, (n) => `news ${n}`);
  wire.mend();
  await ann.triesNow();
  await standsAtNew(ann, 31);
});

test('more than is held does not take what was missed first away', async () => {
  await server().fill('lobby', 30);
  const wire = new Wire();
  const ann = await joins('ann', wire.lay);
  await readsToTheEnd(ann, 30);
  wire.cut();
  await expect.poll(() => ann.status('banner')).toContain('Connection lost');
  await server().fill('lobby', 1_500, (n) => `news ${n}`);
  wire.mend();
  await ann.triesNow();
  // Where they come in several frames the first are shown, and read; where in one, what was read stays in view.
  await expect.poll(() => ann.page.getByTestId('jump').textContent()).toMatch(/ 1(?:500|4[89]\d) new messages/);
  await expect.poll(() => ann.held()).toEqual([1, 1_000]);
  await ann.scrolls(0.8);
  expect(await ann.log.locator('[data-seq="31"]').getByTestId('fresh').count()).toBe(1);
});

test('who looks away from a conversation without a message finds where the first ones begin', async () => {
  const ann = await joins('ann', letsLookAway);
  await ann.page.getByTestId('empty').waitFor();
  await looksAway(ann, true);
  await server().fill('lobby', 200);
  await expect.poll(async () => (await ann.held())[1]).toBe(200);
  await looksAway(ann, false);
  await standsAtNew(ann, 1);
});

test('who has read on from the line to the end stays there, whatever they look at', async () => {
  await server().fill('lobby', 30);
  const ann = await joins('ann', letsLookAway);
  await readsToTheEnd(ann, 30);
  await ann.opens('kitchen');
  await ann.isIn('kitchen');
  await server().fill('lobby', 100, (n) => `news ${n}`);
  await ann.listed('lobby').click();
  await ann.isIn('lobby');
  await standsAtNew(ann, 31);
  await ann.page.getByTestId('jump').click();
  await expect.poll(() => server().readTo('lobby', 'ann')).toBe(130);
  await looksAway(ann, true);
  await server().post('lobby', 'bob', 'one more');
  await ann.sees('one more');
  await looksAway(ann, false);
  await expect.poll(() => server().readTo('lobby', 'ann')).toBe(131);
  expect((await ann.firstSeen()).seq).toBeGreaterThan(100);
});

test('a few that are new in a short conversation are read, and what comes next comes into view', async () => {
  await server().fill('lobby', 1);
  const ann = await joins('ann');
  await readsToTheEnd(ann, 1);
  await ann.opens('kitchen');
  await ann.isIn('kitchen');
  await server().fill('lobby', 2, (n) => `news ${n}`);
  await ann.listed('lobby').click();
  await ann.isIn('lobby');
  await expect.poll(() => server().readTo('lobby', 'ann')).toBe(3);
  expect(await ann.page.getByTestId('jump').count()).toBe(0);
  await server().fill('lobby', 40, (n) => `later ${n}`);
  await expect.poll(() => server().readTo('lobby', 'ann')).toBe(43);
  expect(await ann.page.getByTestId('jump').count()).toBe(0);
});

test('where the page that it is to open at does not come, a conversation opens there as soon as it does', async () => {
  await server().fill('lobby', 30);
  const wire = new Wire();
  const ann = await joins('ann', wire.lay);
  await readsToTheEnd(ann, 30);
  await ann.opens('kitchen');
  await ann.isIn('kitchen');
  await server().fill('lobby', 200, (n) => `news ${n}`);
  await ann.page.reload();
  await ann.isIn('kitchen');
  wire.refuses = { types: ['history'], code: 'unavailable', reason: 'the disk is away' };
  await ann.listed('lobby').click();
  const asked = () => wire.requests.filter(({ type, conversation }) => type === 'history' && conversation === 'lobby');
  await expect.poll(() => asked().length).toBeGreaterThan(0);
  wire.refuses = undefined;
  await standsAtNew(ann, 31);
});

test('four typed lines leave the log at its end: the next message comes into view', async () => {
  await server().fill('lobby', 60);
  const ann = await joins('ann');
  await readsToTheEnd(ann, 60);
  for (const line of ['one', 'two', 'three', 'four']) {
    await ann.types(line);
    await ann.composer.press('Shift+Enter');
  }
  await server().post('lobby', 'bob', 'the next');
  const next = ann.log.locator('[data-seq="61"]');
  await next.waitFor();
  await expect.poll(() => ann.topOf(61)).toBeLessThan(await ann.log.evaluate((log) => log.clientHeight));
  await expect.poll(() => server().readTo('lobby', 'ann')).toBe(61);
  expect(await ann.page.getByTestId('jump').count()).toBe(0);
});

test('the list shows the newest words, wherever in the conversation one reads', async () => {
  await server().fill('lobby', 1_500);
  const ann = await joins('ann');
  await readsToTheEnd(ann, 1_500);
  const preview = ann.listed('lobby').getByTestId('preview');
  await expect.poll(() => preview.textContent()).toContain('message 1500');
  await ann.composer.press('Shift+Tab');
  await ann.page.keyboard.press('Home');
  await ann.sees('message 1');
  await expect.poll(async () => (await ann.held())[0]).toBe(1);
  expect(await preview.textContent()).toContain('message 1500');
  await server().post('lobby', 'bob', 'the newest of all');
  await expect.poll(() => preview.textContent()).toContain('the newest of all');
});
