// A server that crashes and a network that loses things, in the middle of it all.
import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';
import { Wire } from './wire.ts';

const browser = useBrowser();
const server = useServer();
const joins = (name: string, wire = new Wire()) => Person.joins(browser(), server().url, name, '/c/lobby', wire.lay);

/** Says so many numbered messages, one after the other, whatever the server does meanwhile. */
async function saysMany(person: Person, count: number): Promise<string[]> {
  const said = Array.from({ length: count }, (_, index) => `${person.name} ${index + 1}`);
  for (const text of said) await person.says(text);
  return said;
}

async function allRecorded(person: Person): Promise<void> {
  await expect.poll(async () => new Set(await person.states()), { timeout: 60_000 }).toEqual(new Set(['recorded']));
}

test('a kill -9 in the middle of a chat loses nothing, doubles nothing and changes no order', {
  timeout: 300_000,
}, async () => {
  const ann = await joins('ann');
  const bob = await joins('bob');
  const talk = Promise.all([saysMany(ann, 90), saysMany(bob, 90)]);
  await expect.poll(async () => (await server().transcript('lobby')).length, { timeout: 60_000 }).toBeGreaterThan(70);
  await server().kill();
  await expect.poll(() => ann.status('banner')).toContain('Connection lost');
  await server().start();
  const [annSaid, bobSaid] = await talk;
  await allRecorded(ann);
  await allRecorded(bob);

  const record = await server().transcript('lobby');
  expect(record.map((message) => message.seq)).toEqual(record.map((_, index) => index + 1));
  expect(record.filter((message) => message.from === 'ann').map((message) => message.text)).toEqual(annSaid);
  expect(record.filter((message) => message.from === 'bob').map((message) => message.text)).toEqual(bobSaid);
  const shown = record.map(({ seq, from, text }) => ({ seq, from, text }));
  expect(await ann.readsAll()).toEqual(shown);
  expect(await bob.readsAll()).toEqual(shown);
  ann.hadNoTrouble();
  bob.hadNoTrouble();
});

test('what is written while the server is away is sent when it is back, and the page says so', async () => {
  const ann = await joins('ann');
  await ann.says('before');
  await allRecorded(ann);
  await server().kill();
  await expect.poll(() => ann.status('banner')).toContain('What you write is kept');
  await ann.says('one');
  await ann.says('two');
  await expect.poll(() => ann.states()).toEqual(['recorded', 'sending', 'sending']);
  await server().start();
  await allRecorded(ann);
  expect((await server().transcript('lobby')).map((message) => message.text)).toEqual(['before', 'one', 'two']);
  await expect.poll(() => ann.status('banner')).toContain('Connected again');
  await expect.poll(() => ann.status('banner')).toBe('');
});

test('what is on the record but was never acknowledged is not doubled', async () => {
  const wire = new Wire();
  const ann = await joins('ann', wire);
  wire.losesAnswers = true;
  const said = await saysMany(ann, 5);
  await expect.poll(async () => (await server().transcript('lobby')).length).toBe(5);
  // the record may have the last one before the page has drawn it
  await expect.poll(() => ann.states()).toEqual(said.map(() => 'sending'));
  await server().kill();
  wire.losesAnswers = false;
  await ann.says('ann 6');
  await server().start();
  await expect.poll(async () => (await ann.transcript()).map((row) => row.text)).toEqual([...said, 'ann 6']);
  await allRecorded(ann);
  expect((await server().transcript('lobby')).map((message) => message.text)).toEqual([...said, 'ann 6']);
});

test('a reload keeps what the server never got, and does not double what it did get', async () => {
  const wire = new Wire();
  const ann = await joins('ann', wire);
  wire.losesAnswers = true;
  await ann.says('got');
  await expect.poll(async () => (await server().transcript('lobby')).length).toBe(1);
  wire.losesSends = true;
  await ann.says('lost one');
  await ann.says('lost two');
  await expect.poll(() => ann.states()).toEqual(['sending', 'sending', 'sending']);
  wire.losesSends = wire.losesAnswers = false;
  await ann.page.reload();
  await expect
    .poll(async () => (await ann.transcript()).map((row) => row.text))
    .toEqual(['got', 'lost one', 'lost two']);
  await allRecorded(ann);
  expect((await server().transcript('lobby')).map((message) => message.text)).toEqual(['got', 'lost one', 'lost two']);
});

test('it connects again as soon as the browser has a network again, not at the next try', async () => {
  const wire = new Wire();
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/lobby', async (page) => {
    await page.clock.install();
    await wire.lay(page);
  });
  wire.cut();
  await expect.poll(() => ann.status('banner')).toContain('Connection lost');
  await ann.page.clock.pauseAt(Date.now() + 60_000); // the next try never comes
  const before = wire.attempts;
  wire.mend();
  await expect
    .poll(async () => {
      await ann.page.evaluate(() => dispatchEvent(new Event('online'))); // again, where a try was under way
      return wire.attempts;
    })
    .toBeGreaterThan(before);
  await ann.page.clock.resume();
  await expect.poll(() => ann.status('banner')).not.toContain('Connection lost');
});
