// The list of conversations.
import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';
import { Wire } from './wire.ts';

const browser = useBrowser();
const server = useServer();
const joins = (name: string, path?: string, wire = new Wire()) =>
  Person.joins(browser(), server().url, name, path, wire.lay);
const preview = (person: Person, id: string) => person.listed(id).getByTestId('preview').textContent();

test('the newest words stand in the list, of what is open and of what is only followed, and the order is theirs', async () => {
  const ann = await joins('ann');
  const bob = await joins('bob', '/c/kitchen');
  await ann.opens('kitchen');
  await ann.isIn('kitchen');
  await ann.opens('lobby');
  await ann.isIn('lobby');
  await bob.says('**Coffee** is `ready`'); // its words, and not what marks them up
  await expect.poll(() => preview(ann, 'kitchen')).toBe('bob: Coffee is ready');
  await expect.poll(() => ann.list()).toEqual(['kitchen', 'lobby']);
  await ann.says('Coming');
  await expect.poll(() => preview(ann, 'lobby')).toBe('You: Coming');
  await expect.poll(() => ann.list()).toEqual(['lobby', 'kitchen']);
  ann.hadNoTrouble();
});

test('the list stays over a reload, in the order of what was written meanwhile, and another name has another list', async () => {
  const ann = await joins('ann');
  for (const id of ['kitchen', 'garden', 'lobby']) {
    await ann.opens(id);
    await ann.isIn(id);
  }
  await ann.page.goto('about:blank');
  await server().post('kitchen', 'bob', 'While you were away');
  await ann.page.goto(`${server().url}/c/lobby`);
  await expect.poll(() => ann.list()).toEqual(['kitchen', 'garden', 'lobby']);
  await expect.poll(() => preview(ann, 'kitchen')).toBe('bob: While you were away');

  await ann.page.getByRole('button', { name: 'Choose another name' }).click();
  await ann.page.getByRole('checkbox', { name: /^I am/ }).uncheck();
  await ann.choosesName('zoe');
  await ann.isIn('lobby');
  await expect.poll(() => ann.list()).toEqual(['lobby', 'kitchen']); // the kitchen is there for it is on the server
  await expect.poll(() => ann.page.getByTestId('conversations').textContent()).toContain('Others on this server');
});

test("a search finds one's own and the server's, Enter opens, and what is not there can be started", async () => {
  await server().post('team-blue', 'bob', 'hi');
  await server().post('team-red', 'bob', 'hi');
  const ann = await joins('ann');
  await ann.search.fill('team');
  await expect.poll(() => ann.list()).toEqual(['team-blue', 'team-red', 'team']);
  await ann.search.press('ArrowDown'); // to what there is, and not to the row that begins another one
  await expect.poll(() => ann.listed('team-blue').evaluate((row) => row === document.activeElement)).toBe(true);
  await ann.listed('team-red').click();
  await ann.isIn('team-red');
  await expect.poll(() => ann.search.inputValue()).toBe('');
  await ann.search.fill('red');
  await ann.search.press('Enter'); // one's own by its middle
  await ann.isIn('team-red');
  await ann.search.fill('Team Lunch');
  await ann.page.getByRole('link', { name: 'Start “team-lunch”' }).click();
  await ann.isIn('team-lunch');
  await ann.says('Pizza?');
  await expect.poll(async () => (await server().transcript('team-lunch')).length).toBe(1);
  ann.hadNoTrouble();
});

test('Enter opens the first that has the letters anywhere, and begins none but by the row that does so', async () => {
  await server().post('design-review', 'bob', 'hi');
  const ann = await joins('ann');
  await ann.search.fill('review');
  await ann.search.press('Enter'); // before anything is found
  await ann.isIn('design-review');
  await ann.opens('lobby');
  await ann.isIn('lobby');
  await ann.search.fill('Design R');
  await ann.search.press('Enter');
  await ann.isIn('design-review');

  const start = ann.page.getByRole('link', { name: 'Start “quite-new”' });
  await ann.search.fill('Quite New');
  await ann.search.press('Enter');
  await expect.poll(() => start.evaluate((row) => row === document.activeElement)).toBe(true);
  expect(await ann.search.inputValue()).toBe('Quite New');
  await ann.isIn('design-review'); // still
  await start.press('Enter');
  await ann.isIn('quite-new');

  await ann.search.fill('käse');
  await ann.search.press('Enter');
  await expect.poll(() => ann.alert()).toContain('“käse” cannot be a conversation');
  await ann.search.fill('lob');
  await ann.search.press('Enter');
  await ann.isIn('lobby');
  await expect.poll(() => ann.page.getByRole('alert').count()).toBe(0);
  ann.hadNoTrouble();
});

test('who leaves a conversation hears nothing of it, and finds it again; the last one leaves an empty page', async () => {
  const wire = new Wire();
  const ann = await joins('ann', '/c/lobby', wire);
  await ann.opens('kitchen');
  await ann.isIn('kitchen');
  await ann.chooses('Leave');
  await ann.isIn('lobby');
  expect(new URL(ann.page.url()).pathname).toBe('/c/lobby');
  expect(wire.requests.filter(({ type }) => type === 'leave')).toMatchObject([{ conversation: 'kitchen' }]);
  await expect.poll(() => ann.list()).toEqual(['lobby']);
  await ann.chooses('Leave');
  await ann.page.getByRole('heading', { name: 'No conversation is open' }).waitFor();
  await ann.page.reload();
  await ann.page.getByRole('heading', { name: 'No conversation is open' }).waitFor();
  await ann.opens('kitchen');
  await ann.isIn('kitchen');
  ann.hadNoTrouble();
});

test('a draft is kept for each conversation, and shown in the list', async () => {
  const ann = await joins('ann');
  await ann.types('for the lobby');
  await ann.opens('kitchen');
  await ann.isIn('kitchen');
  await expect.poll(() => ann.composer.inputValue()).toBe('');
  await expect.poll(() => preview(ann, 'lobby')).toBe('Draft: for the lobby');
  await ann.page.reload();
  await ann.isIn('kitchen');
  await expect.poll(() => preview(ann, 'lobby')).toBe('Draft: for the lobby');
  await ann.listed('lobby').click();
  await ann.isIn('lobby');
  await expect.poll(() => ann.composer.inputValue()).toBe('for the lobby');
  await ann.composer.press('Enter');
  await expect.poll(() => preview(ann, 'lobby')).toBe('You: for the lobby');
});

test('what comes where one reads at the end does not stir the title, and what comes below where one reads does', async () => {
  const ann = await joins('ann');
  await ann.page.evaluate(() => {
    const changes = { count: 0 };
    (globalThis as unknown as { titleChanges: typeof changes }).titleChanges = changes;
    new MutationObserver((records) => (changes.count += records.length)).observe(document.head, {
      subtree: true,
      childList: true,
      attributes: true,
      characterData: true,
    });
  });
  for (let n = 1; n <= 60; n++) await server().post('lobby', 'bob', `message ${n}`);
  await ann.sees('message 60');
  expect(
    await ann.page.evaluate(() => (globalThis as unknown as { titleChanges: { count: number } }).titleChanges.count),
  ).toBe(0);
  await ann.scrolls(-1);
  await server().post('lobby', 'bob', 'below');
  await expect.poll(() => ann.page.title()).toBe('(1) lobby · Verbatim');
  await ann.scrollsToEnd();
  await expect.poll(() => ann.page.title()).toBe('lobby · Verbatim');
});

test('what is muted is counted quietly: not in the title', async () => {
  const ann = await joins('ann', '/c/kitchen');
  await ann.says('hello');
  await expect.poll(() => ann.transcript()).toHaveLength(1);
  await ann.opens('lobby');
  await ann.isIn('lobby');
  await server().post('kitchen', 'bob', 'one');
  await expect.poll(() => ann.page.title()).toBe('(1) lobby · Verbatim');
  await expect.poll(() => ann.page.locator('link[rel=icon]').getAttribute('href')).toContain('unread');
  await ann.listed('kitchen').click();
  await ann.isIn('kitchen');
  await expect.poll(() => ann.page.title()).toBe('kitchen · Verbatim');
  await ann.chooses('Mute');
  await ann.opens('lobby');
  await ann.isIn('lobby');
  await server().post('kitchen', 'bob', 'two');
  await expect.poll(() => ann.listed('kitchen').getByTestId('unread').textContent()).toContain('1 unread message');
  await expect.poll(() => ann.page.title()).toBe('lobby · Verbatim');
});

test('ten thousand conversations on the server are a page that is as quick as with ten', async () => {
  const ids = Array.from({ length: 10_000 }, (_, n) => `c${String(n).padStart(5, '0')}`);
  const lanes = Array.from({ length: 50 }, (_, lane) => ids.filter((_, n) => n % 50 === lane));
  await Promise.all(
    lanes.map(async (lane) => {
      for (const id of lane) await server().post(id, 'bob', 'hi');
    }),
  );
  const ann = await joins('ann');
  await ann.listed('c00000').waitFor();
  expect((await ann.list()).length).toBeLessThan(60); // rows that are drawn
  const height = await ann.page.getByTestId('conversations').evaluate((list) => list.clientHeight);
  expect(height).toBeGreaterThan(100 * 50); // and yet the list is as long as what is loaded
  await ann.listed('c00000').focus();
  await expect
    .poll(async () => {
      await ann.page.keyboard.press('End');
      return (await ann.list()).at(-1)!;
    })
    .toSatisfy((last: string) => last > 'c00400');
  expect((await ann.list()).length).toBeLessThan(60);
  await ann.search.fill('c0777');
  await expect.poll(() => ann.list()).toEqual([...Array.from({ length: 10 }, (_, n) => `c0777${n}`), 'c0777']);
  ann.hadNoTrouble();
});

test('of many that are followed, only the newest words are asked for that can be seen', async () => {
  const wire = new Wire();
  const ids = Array.from({ length: 200 }, (_, n) => `room-${String(n).padStart(3, '0')}`);
  for (const id of ids) await server().post(id, 'bob', `hi ${id}`);
  const list = JSON.stringify(
    ids.map((id) => ({ id, added: '2026-01-01T00:00:00.000Z', last: 1, time: '2026-01-01T00:00:00.000000Z' })),
  );
  const ann = await Person.visits(browser(), server().url, 'ann', '/c/lobby', async (page) => {
    await wire.lay(page);
    await page.addInitScript((kept) => localStorage.setItem('verbatim.conversations/ann', kept), list);
  });
  await ann.choosesName();
  await ann.isIn('lobby');
  await expect.poll(() => preview(ann, 'room-000')).toBe('bob: hi room-000');
  await expect
    .poll(
      async () =>
        (await ann.page.getByTestId('preview').allTextContents()).filter((text) => text === 'Nothing here yet').length,
    )
    .toBe(1); // the lobby
  expect(wire.requests.filter(({ type }) => type === 'join')).toHaveLength(201);
  expect(wire.requests.filter(({ type }) => type === 'history').length).toBeLessThan(30);
});
