// The name that one gives, and the one that the server knows.
import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();
const me = (person: Person) => person.page.getByTestId('me').locator('bdi').textContent();

test('a name in another spelling is the same user, on the page too', async () => {
  await server().post('lobby', 'Zo\u00eb B', 'from before');
  const zoe = await Person.joins(browser(), server().url, '\u00a0Zoe\u0308 \u3000B ');
  await expect.poll(() => me(zoe)).toBe('Zo\u00eb B');
  await zoe.says('and now');
  await expect.poll(() => zoe.states()).toEqual(['recorded', 'recorded']); // both are one's own
  await zoe.page.reload();
  await zoe.isJoined();
  await expect.poll(() => me(zoe)).toBe('Zo\u00eb B');
  expect((await server().transcript('lobby')).map(({ from }) => from)).toEqual(['Zo\u00eb B', 'Zo\u00eb B']);
  zoe.hadNoTrouble();
});

test('a name that cannot be seen, or that the server does not take, is asked for again with the reason', async () => {
  const ann = await Person.visits(browser(), server().url, 'ann');
  await ann.choosesName('ann\u200b');
  await expect.poll(() => ann.alert()).toContain('characters that cannot be seen');
  await ann.choosesName('a\u00b7b'); // only the server knows where a middle dot may stand
  await expect
    .poll(() => ann.alert())
    .toContain('U+00B7 may stand in a name only beside letters that need it: leave it out');
  await ann.choosesName('ann');
  await ann.isJoined();
  await expect.poll(() => me(ann)).toBe('ann');
});
