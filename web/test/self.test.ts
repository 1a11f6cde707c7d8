// A person and their name: another name is no other person.
import { expect, test } from 'vitest';
import { useBrowser, withClipboard } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();

async function takesName(person: Person, name: string, same = true): Promise<void> {
  await person.page.getByRole('button', { name: 'Choose another name' }).click();
  await person.page.getByRole('checkbox', { name: /^I am/ }).setChecked(same);
  await person.choosesName(name);
  await person.isJoined();
}

test('who changes their name keeps the list, the drafts, what is muted, and what they wrote as theirs', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  await ann.says('mine');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  await ann.opens('kitchen');
  await ann.isIn('kitchen');
  await ann.types('a draft');
  await ann.chooses('Mute');
  await ann.listed('lobby').click();
  await ann.isIn('lobby');
  await takesName(ann, 'Dr. Ann');
  await ann.sees('mine');
  expect(await ann.log.locator('[data-seq="1"]').getAttribute('class')).toContain('own');
  await expect.poll(async () => (await ann.list()).sort()).toEqual(['kitchen', 'lobby']);
  await expect.poll(() => ann.listed('kitchen').textContent()).toContain('a draft');
  expect(await ann.listed('kitchen').textContent()).toContain('muted');
  await server().post('lobby', 'ann', 'somebody else took the old name');
  await ann.sees('somebody else');
  expect(await ann.log.locator('[data-seq="2"]').getAttribute('class')).toContain('other');
  await ann.page.reload();
  await ann.isJoined();
  await ann.sees('mine');
  expect(await ann.log.locator('[data-seq="1"]').getAttribute('class')).toContain('own');
  ann.hadNoTrouble();
});

test('who is somebody else has nothing of who was here before', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  await ann.says('hers');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  await ann.opens('kitchen');
  await ann.isIn('kitchen');
  await ann.types('a draft');
  await takesName(ann, 'bob', false);
  await expect
    .poll(() =>
      ann.page
        .locator('.listed.own [data-id]')
        .evaluateAll((links) => links.map((link) => link.getAttribute('data-id'))),
    )
    .toEqual(['kitchen']);
  expect(await ann.composer.inputValue()).toBe('');
  await ann.opens('lobby');
  await ann.sees('hers');
  expect(await ann.log.locator('[data-seq="1"]').getAttribute('class')).toContain('other');
});

test('a name that was somebody here is theirs again, and one that was given up is free for somebody else', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  const listed = ann.page.locator('.listed.own [data-id]');
  const own = () => listed.evaluateAll((links) => links.map((link) => link.getAttribute('data-id')).sort());
  await ann.says('hers');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  for (const id of ['garden', 'kitchen']) {
    await ann.opens(id);
    await ann.isIn(id);
  }
  await takesName(ann, 'bob', false);
  await expect.poll(own).toEqual(['kitchen']);
  await takesName(ann, 'ann'); // ticked, as the form has it
  await expect.poll(own).toEqual(['garden', 'kitchen', 'lobby']);

  await takesName(ann, 'Dr. Ann');
  await takesName(ann, 'ann', false); // somebody else
  await expect.poll(own).toEqual(['kitchen']);
  await ann.opens('lobby');
  await ann.sees('hers');
  expect(await ann.log.locator('[data-seq="1"]').getAttribute('class')).toContain('other');
  await takesName(ann, 'Dr. Ann', false);
  await expect.poll(own).toEqual(['garden', 'kitchen', 'lobby']);
  expect(await ann.log.locator('[data-seq="1"]').getAttribute('class')).toContain('own');
  ann.hadNoTrouble();
});

withClipboard('what is copied from the log is what was said and by whom', async () => {
  await server().post('lobby', 'bob', 'first');
  await server().post('lobby', 'bob', '```go\nsecond\n```');
  const ann = await Person.joins(browser(), server().url, 'ann');
  await ann.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await ann.says('third');
  await ann.says('fourth');
  await server().post('lobby', 'bob', 'fifth', 1);
  await ann.sees('fifth');
  await expect.poll(() => ann.states()).toEqual(['recorded', 'recorded']);
  await ann.log.evaluate((log) => getSelection()!.selectAllChildren(log.querySelector('.rows')!));
  await ann.page.keyboard.press('Control+C');
  const copied = await ann.page.evaluate(() => navigator.clipboard.readText());
  const words = copied.split(/\s+/).filter((word) => word !== '');
  expect(words).toEqual(['bob', 'first', 'second', 'ann', 'third', 'fourth', 'bob', 'fifth']);
});

test('a message is read once its end is in view, and not before', async () => {
  await server().fill('lobby', 30);
  const ann = await Person.joins(browser(), server().url, 'ann');
  await expect.poll(() => server().readTo('lobby', 'ann')).toBe(30);
  await ann.page.goto(`${server().url}/c/kitchen`);
  await ann.isIn('kitchen');
  await server().fill('lobby', 60, (n) => `news ${n}`);
  await ann.listed('lobby').click();
  await ann.isIn('lobby');
  await expect.poll(async () => (await ann.firstSeen()).seq).toBe(31);
  // A row that only begins in view: the window ends a few pixels below its upper edge.
  const cut = await ann.log.evaluate((log) => {
    const edge = log.getBoundingClientRect().bottom;
    const row = [...log.querySelectorAll('[data-seq]')].find(
      (each) => each.getBoundingClientRect().bottom > edge + 60,
    )!;
    return { seq: Number(row.getAttribute('data-seq')), by: Math.round(row.getBoundingClientRect().top + 7 - edge) };
  });
  const { width, height } = ann.page.viewportSize()!;
  await ann.page.setViewportSize({ width, height: height + cut.by });
  await expect.poll(() => server().readTo('lobby', 'ann')).toBe(cut.seq - 1);
  await ann.scrolls(0.5);
  await expect.poll(() => server().readTo('lobby', 'ann')).toBeGreaterThanOrEqual(cut.seq);
  // The last one, too, where the log would follow what comes: 7 px of it are in view.
  const last = ann.log.locator('[data-seq="90"]');
  while ((await last.count()) === 0) await ann.scrolls(0.3); // it is drawn long before it is in view
  await last.evaluate((row) => {
    const log = row.closest('.log')!;
    log.scrollTop += row.getBoundingClientRect().top + 7 - log.getBoundingClientRect().bottom;
  });
  await expect.poll(() => server().readTo('lobby', 'ann')).toBe(89);
  await ann.scrolls(1);
  await expect.poll(() => server().readTo('lobby', 'ann')).toBe(90);
});
