// Scrolling back through a long conversation.
import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();

/** The first row that can be seen, and how far below the log's upper edge it begins. */
async function firstSeen(person: Person): Promise<{ seq: number; top: number }> {
  return person.log.evaluate((log) => {
    const edge = log.getBoundingClientRect().top;
    const row = [...log.querySelectorAll('[data-seq]')].find((each) => each.getBoundingClientRect().bottom > edge)!;
    return { seq: Number(row.getAttribute('data-seq')), top: row.getBoundingClientRect().top - edge };
  });
}

async function topOf(person: Person, seq: number): Promise<number> {
  return person.log.evaluate(
    (log, wanted) => log.querySelector(`[data-seq="${wanted}"]`)!.getBoundingClientRect().top - log.getBoundingClientRect().top,
    seq,
  );
}

const oldest = async (person: Person) => Number(await person.log.getAttribute('data-first'));

test('300 messages can be read back to the first, and the place is kept all the way', async () => {
  for (let n = 1; n <= 300; n++) await server().post('lobby', n % 3 ? 'bob' : 'zoe', `message ${n}`);
  const ann = await Person.joins(browser(), server().url, 'ann');
  await ann.sees('message 300');
  expect(await ann.transcript()).toHaveLength(50);

  while ((await oldest(ann)) > 1) {
    const before = await oldest(ann);
    await ann.log.evaluate((log) => (log.scrollTop = 150));
    const seen = await firstSeen(ann);
    await expect.poll(() => oldest(ann)).toBeLessThan(before);
    expect(Math.abs((await topOf(ann, seen.seq)) - seen.top), `the place of message ${seen.seq}`).toBeLessThan(2);
  }
  expect((await ann.transcript()).map((row) => row.text)).toEqual(Array.from({ length: 300 }, (_, index) => `message ${index + 1}`));
  expect(await ann.log.textContent()).toContain('This is where the record begins.');
  ann.hadNoTrouble();
});

test('who reads further up is not moved by what is new, and has a way down', async () => {
  for (let n = 1; n <= 60; n++) await server().post('lobby', 'bob', `message ${n}`);
  const ann = await Person.joins(browser(), server().url, 'ann');
  await ann.sees('message 60');
  await ann.log.evaluate((log) => (log.scrollTop = log.scrollHeight / 2));
  const seen = await firstSeen(ann);
  await server().post('lobby', 'bob', 'news');
  const jump = ann.page.getByTestId('jump');
  await expect.poll(() => jump.textContent()).toContain('1 new message');
  expect(Math.abs((await topOf(ann, seen.seq)) - seen.top)).toBeLessThan(2);
  await jump.click();
  await expect.poll(async () => (await topOf(ann, 61)) < 700).toBe(true);
  await jump.waitFor({ state: 'detached' });
});
