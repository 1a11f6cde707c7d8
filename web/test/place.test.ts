// Where a conversation opens, and answers that lead from one place to another.
import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();
const joins = (name: string) => Person.joins(browser(), server().url, name);

async function reloads(person: Person): Promise<void> {
  await person.page.reload();
  await person.isJoined();
  await person.page.locator('[data-testid=log][aria-busy=false] [data-seq]').first().waitFor();
}

/**
 * The browser tells of a scroll some time after it, and of the focus at any time: here again and again, so that it does
 * at the worst times, too.
 */
async function tellsAllTheTime(person: Person): Promise<void> {
  await person.page.evaluate(() => {
    const { port1, port2 } = new MessageChannel();
    const end = performance.now() + 3_000;
    port1.onmessage = () => {
      document.querySelector('.log')?.dispatchEvent(new Event('scroll'));
      dispatchEvent(new Event('focus'));
      if (performance.now() < end) port2.postMessage('again');
    };
    port2.postMessage('again');
  });
}

test('a reload keeps the place, also far outside of what a join brings', async () => {
  await server().fill('lobby', 600, (n) => `message ${n} ${'word '.repeat(n % 50)}`);
  const ann = await joins('ann');
  await ann.sees('message 600');
  for (let step = 0; step < 24; step++) await ann.scrolls(-0.9);
  const seen = await ann.firstSeen();
  expect(seen.seq).toBeLessThan(500);
  await reloads(ann);
  await expect.poll(async () => (await ann.firstSeen()).seq).toBe(seen.seq);
  expect(Math.abs((await ann.topOf(seen.seq)) - seen.top)).toBeLessThan(2);
  await ann.page.getByTestId('jump').click();
  await ann.sees('message 600');
  await ann.page.getByTestId('jump').waitFor({ state: 'detached' });
  await server().post('lobby', 'bob', 'while at the end');
  await ann.sees('while at the end');
  await reloads(ann);
  await ann.sees('while at the end');
  await expect.poll(() => ann.page.getByTestId('jump').count()).toBe(0);
});

test('what is new begins with a line, and there the conversation opens, however much it is', async () => {
  await server().fill('lobby', 30);
  const ann = await joins('ann');
  await ann.sees('message 30');
  await ann.page.goto(`${server().url}/c/kitchen`);
  await ann.isJoined();
  for (let n = 1; n <= 120; n++) await server().post('lobby', 'bob', `news ${n}`);
  await ann.page.evaluate(() => sessionStorage.clear()); // as on another day
  await tellsAllTheTime(ann);
  await ann.page.getByTestId('conversations').getByRole('link', { name: /lobby/ }).click();
  await ann.page.getByTestId('fresh').waitFor();
  await expect.poll(async () => (await ann.firstSeen()).seq).toBe(31);
  await expect.poll(() => ann.page.getByTestId('jump').textContent()).toMatch(/\d+ new messages/);
  await expect.poll(() => server().readTo('lobby', 'ann')).toBeGreaterThan(30);
  // what was drawn before the place was found has not been read
  expect(await server().readTo('lobby', 'ann')).toBeLessThan(60);
  await ann.page.getByTestId('jump').click();
  await ann.sees('news 120');
  await ann.page.getByTestId('jump').waitFor({ state: 'detached' });
});

test('an answer is recorded with its target, shows it, and leads there', async () => {
  await server().fill('lobby', 300);
  const ann = await joins('ann');
  await ann.sees('message 300');
  await ann.log.locator('[data-seq="299"]').hover();
  await ann.log.locator('[data-seq="299"]').getByTestId('answer').click();
  await expect.poll(() => ann.page.getByTestId('replying').textContent()).toContain('Replying to bob: message 299');
  await ann.page.keyboard.type('I think so too');
  await ann.page.keyboard.press('Enter');
  await expect
    .poll(async () => (await server().transcript('lobby')).at(-1))
    .toMatchObject({ text: 'I think so too', target: 299 });
  await expect.poll(() => ann.page.getByTestId('replying').count()).toBe(0);
  await expect.poll(() => ann.page.getByTestId('quote').textContent()).toContain('message 299');
  ann.hadNoTrouble();
});

test('an answer to what is not held shows it all the same, and one can go there and back', async () => {
  await server().fill('lobby', 500);
  await server().post('lobby', 'bob', 'as I said', 7);
  const ann = await joins('ann');
  const quote = ann.page.getByTestId('quote');
  await expect.poll(() => quote.textContent()).toContain('message 7');
  await quote.click();
  await expect.poll(() => ann.page.evaluate(() => document.activeElement?.getAttribute('data-seq'))).toBe('7');
  const rows = (await ann.transcript()).map((row) => row.seq);
  expect(rows).toEqual(rows.map((_, index) => rows[0]! + index));
  await ann.page.getByTestId('jump').click();
  await ann.sees('as I said');
  ann.hadNoTrouble();
});

test('a chosen answer stays over a reload as the draft does, and not over a change of the record', async () => {
  await server().fill('lobby', 3);
  const ann = await joins('ann');
  await ann.log.locator('[data-seq="2"]').focus();
  await ann.page.keyboard.press('r');
  await ann.types('half a th');
  await ann.page.reload();
  await ann.isJoined();
  await expect.poll(() => ann.page.getByTestId('replying').textContent()).toContain('Replying to bob: message 2');
  await ann.types('ought');
  await ann.composer.press('Enter');
  await expect
    .poll(async () => (await server().transcript('lobby')).at(-1))
    .toMatchObject({ text: 'half a thought', target: 2 });
  await ann.page.getByTestId('replying').waitFor({ state: 'detached' });

  await ann.log.locator('[data-seq="3"]').focus();
  await ann.page.keyboard.press('r');
  await ann.page.getByTestId('replying').waitFor();
  await ann.page.evaluate(() =>
    localStorage.setItem(
      'verbatim.answer/ann/lobby',
      localStorage.getItem('verbatim.answer/ann/lobby')!.replace(/"log":"[^"]+"/, '"log":"of-another-record"'),
    ),
  );
  await ann.page.reload();
  await ann.isJoined();
  await ann.sees('half a thought');
  expect(await ann.page.getByTestId('replying').count()).toBe(0);
  await ann.says('of its own');
  await expect.poll(async () => (await server().transcript('lobby')).at(-1)?.text).toBe('of its own');
  expect((await server().transcript('lobby')).at(-1)).not.toHaveProperty('target');
});

test('an answer can be given up', async () => {
  await server().fill('lobby', 3);
  const ann = await joins('ann');
  await ann.log.locator('[data-seq="2"]').focus();
  await ann.page.keyboard.press('r');
  await ann.page.getByTestId('replying').waitFor();
  await expect.poll(() => ann.page.evaluate(() => document.activeElement?.id)).toBe('message');
  await ann.page.getByRole('button', { name: 'Cancel the reply' }).click();
  await ann.page.getByTestId('replying').waitFor({ state: 'detached' });
  await ann.log.locator('[data-seq="3"]').focus();
  await ann.page.keyboard.press('r');
  await ann.page.getByTestId('replying').waitFor();
  await expect.poll(() => ann.page.evaluate(() => document.activeElement?.id)).toBe('message');
  await ann.page.keyboard.press('Escape');
  await ann.page.getByTestId('replying').waitFor({ state: 'detached' });
  await ann.says('nothing special');
  await expect.poll(async () => (await server().transcript('lobby')).at(-1)?.text).toBe('nothing special');
  expect((await server().transcript('lobby')).at(-1)).not.toHaveProperty('target');
});

test('the arrows go from message to message, Home and End to both ends of the record', async () => {
  await server().fill('lobby', 400);
  const ann = await joins('ann');
  await ann.sees('message 400');
  const at = () => ann.page.evaluate(() => document.activeElement?.getAttribute('data-seq'));
  await ann.composer.press('Shift+Tab');
  await expect.poll(at).toBe('400');
  for (let n = 0; n < 30; n++) await ann.page.keyboard.press('ArrowUp');
  await expect.poll(at).toBe('370');
  await ann.page.keyboard.press('ArrowDown');
  await expect.poll(at).toBe('371');
  await ann.page.keyboard.press('Home');
  await expect.poll(at).toBe('1');
  await ann.page.keyboard.press('End');
  await expect.poll(at).toBe('400');
  ann.hadNoTrouble();
});

test('Tab comes to the newest message, though one before it has links and buttons', async () => {
  await server().post('lobby', 'bob', 'see https://example.com\n\n```\ncode\n```');
  await server().post('lobby', 'bob', 'the newest');
  const ann = await joins('ann');
  await ann.sees('the newest');
  await ann.page.getByRole('link', { name: 'https://example.com' }).focus();
  const focused = () => ann.page.evaluate(() => (document.activeElement as HTMLElement).dataset.seq);
  for (let key = 0; key < 5 && (await focused()) === undefined; key++) await ann.page.keyboard.press('Tab');
  await expect.poll(focused).toBe('2');
  await ann.page.keyboard.press('ArrowUp');
  await expect.poll(focused).toBe('1');
});
