// Reading a long conversation, back and forth.

import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();
const joins = (name: string) => Person.joins(browser(), server().url, name);

test('300 messages can be read back to the first, and the place is kept all the way', async () => {
  await server().fill('lobby', 300, (n) =>
    n % 7 ? `message ${n}` : `message ${n}\n${'with many words '.repeat(n % 40)}`,
  );
  const ann = await joins('ann');
  await ann.sees('message 300');
  while ((await ann.held())[0] > 1) {
    const [before] = await ann.held();
    await ann.log.evaluate((log) => (log.scrollTop = 150));
    const seen = await ann.firstSeen();
    await expect.poll(async () => (await ann.held())[0]).toBeLessThan(before);
    await ann.scrolls(0); // it is drawn
    expect(Math.abs((await ann.topOf(seen.seq)) - seen.top), `the place of message ${seen.seq}`).toBeLessThan(2);
  }
  await ann.log.evaluate((log) => (log.scrollTop = 0));
  await ann.log.getByText('This is where the record begins.').waitFor();
  await expect.poll(async () => (await ann.transcript())[0]).toEqual({ seq: 1, from: 'bob', text: 'message 1' });
  ann.hadNoTrouble();
});

test('scrolling never jumps: what is seen moves by what was scrolled, whatever is drawn or measured on the way', async () => {
  await server().fill('lobby', 400, (n) => `message ${n} ${'long '.repeat((n * 37) % 120)}`);
  const ann = await joins('ann');
  await ann.sees('message 400');
  for (let step = 0; step < 60; step++) {
    const seen = await ann.firstSeen();
    await ann.scrolls(-0.5);
    const height = await ann.log.evaluate((log) => log.clientHeight);
    expect(Math.abs((await ann.topOf(seen.seq)) - seen.top - height / 2), `message ${seen.seq}`).toBeLessThan(2);
  }
});

test('20,000 messages are read back and forth, in order, and the page stays small', async () => {
  const count = 20_000;
  await server().fill('lobby', count);
  const ann = await joins('ann');
  await ann.sees(`message ${count}`);
  const most = { rows: 0, held: 0 };
  const look = async () => {
    const rows = (await ann.transcript()).map((row) => row.seq);
    expect(rows).toEqual(rows.map((_, index) => rows[0]! + index)); // in order, with no gap
    most.rows = Math.max(most.rows, rows.length);
    most.held = Math.max(most.held, Number(await ann.log.getAttribute('data-held')));
    return rows;
  };
  const goes = async (way: -1 | 1, seq: number) => {
    for (;;) {
      const rows = await look();
      if (way < 0 ? rows[0]! <= seq : rows.at(-1)! >= seq) return;
      await ann.log.evaluate((log, down) => (log.scrollTop = down ? log.scrollHeight : 0), way > 0);
      await expect.poll(async () => (await ann.transcript()).some((row) => !rows.includes(row.seq))).toBe(true);
    }
  };
  await goes(-1, count - 3_000);
  await expect.poll(async () => (await ann.held())[1]).toBeLessThan(count);
  await goes(1, count);
  await ann.page.getByTestId('jump').waitFor({ state: 'detached' });
  expect(most.rows).toBeLessThan(120);
  expect(most.held).toBeLessThanOrEqual(1_200);
  await ann.says('and on it goes');
  await expect
    .poll(async () => (await ann.transcript()).at(-1))
    .toEqual({ seq: count + 1, from: 'ann', text: 'and on it goes' });
  ann.hadNoTrouble();
});

test('who reads further up is not moved by what is new, and has a way down', async () => {
  await server().fill('lobby', 60);
  const ann = await joins('ann');
  await ann.sees('message 60');
  await ann.scrolls(-1.5);
  const seen = await ann.firstSeen();
  await server().post('lobby', 'bob', 'news');
  const jump = ann.page.getByTestId('jump');
  await expect.poll(() => jump.textContent()).toContain('1 new message');
  expect(Math.abs((await ann.topOf(seen.seq)) - seen.top)).toBeLessThan(2);
  await jump.click();
  await ann.sees('news');
  await jump.waitFor({ state: 'detached' });
});

test('what can be done with a message moves nothing as it comes', async () => {
  await server().fill('lobby', 30, () => 'with many words '.repeat(40));
  const ann = await joins('ann');
  const row = ann.log.locator('[data-seq="30"]');
  const height = () => row.evaluate((each) => each.getBoundingClientRect().height);
  const before = await height();
  await row.hover();
  await row.locator('.actions').waitFor();
  expect(await height()).toBe(before);
  expect(await row.getByTestId('answer').getAttribute('title')).toContain('#30');
  await row.getByRole('button', { name: 'Copy text' }).click();
  expect(await height()).toBe(before);
});

test('at the end of a conversation of another day that day stands above it', async () => {
  await server().fill('lobby', 60);
  const later = new Date(Date.now() + 21 * 24 * 3_600_000);
  const inThreeWeeks = (page: Page) => page.clock.install({ time: later });
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/lobby', inThreeWeeks);
  await ann.sees('message 60');
  await expect.poll(() => ann.page.getByTestId('day-now').textContent()).toContain(String(new Date().getFullYear()));
});

test('the time stands beside the last words, never over them, however long it is', async () => {
  const context = await browser().newContext({ viewport: { width: 1000, height: 700 }, locale: 'ta-IN' });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  for (let n = 20; n < 70; n++) await server().post('lobby', `bob ${n}`, 'w'.repeat(n));
  await page.goto(`${server().url}/c/lobby`);
  await page.getByLabel('Your name').fill('ann');
  await page.getByRole('button', { name: 'Start chatting' }).click();
  await page.locator('[data-seq="50"]').waitFor();
  const over = await page.getByTestId('message').evaluateAll((rows) =>
    rows
      .filter((row) => {
        const words = document.createRange();
        words.selectNodeContents(row.querySelector('[data-testid=text] p')!);
        const facts = row.querySelector('.facts')!.getBoundingClientRect();
        return [...words.getClientRects()].some(
          ({ right, bottom }) => right > facts.left + 1 && bottom > facts.top + 6,
        );
      })
      .map((row) => row.getAttribute('data-seq')),
  );
  expect(over).toEqual([]);
});

test('what comes while one reads far in the past is counted and not held, and the way back is at once', async () => {
  await server().fill('lobby', 3_000);
  const ann = await joins('ann');
  await ann.sees('message 3000');
  while ((await ann.held())[1] === 3_000)
    await ann.log.evaluate((log) => (log.scrollTop = 0)).then(() => ann.scrolls(0));
  await ann.scrolls(2); // nothing more is asked for from here, and what was has come
  await expect.poll(() => ann.log.getAttribute('aria-busy')).toBe('false');
  const [, newest] = await ann.held();
  const seen = await ann.firstSeen();
  for (let n = 1; n <= 5; n++) await server().post('lobby', 'bob', `news ${n}`);
  const jump = ann.page.getByTestId('jump');
  await expect.poll(() => jump.textContent()).toContain('5 new messages');
  expect((await ann.held())[1]).toBe(newest);
  expect(Math.abs((await ann.topOf(seen.seq)) - seen.top)).toBeLessThan(2);
  await jump.click();
  await ann.sees('news 5');
  await expect.poll(async () => (await ann.transcript()).at(-1)?.seq).toBe(3_005);
});

test('who sends something while reading in the past is brought to the end, where it stands', async () => {
  await server().fill('lobby', 200);
  const ann = await joins('ann');
  await ann.sees('message 200');
  await ann.scrolls(-4);
  await ann.says('I am here');
  await ann.sees('I am here');
  await expect.poll(async () => (await ann.transcript()).at(-1)).toMatchObject({ seq: 201 });
  await ann.page.getByTestId('jump').waitFor({ state: 'detached' });
});
