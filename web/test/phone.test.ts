// The page in a hand, and on whatever lies between that and a desk.
import { expect, onTestFinished, test } from 'vitest';
import { useBrowser, withTouch } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();

async function onScreen(width: number, height: number, name = 'ann', path = '/c/lobby'): Promise<Person> {
  return Person.joins(browser(), server().url, name, path, (page) => page.setViewportSize({ width, height }));
}

const toList = (person: Person) => person.page.getByRole('button', { name: 'Show conversations' }).click();

/** What can be pressed and is smaller than a finger, outside of the log. */
async function tooSmall(person: Person): Promise<string[]> {
  return person.page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('a, button, input, textarea, label:has(input)')]
      .filter(
        (each) =>
          each.checkVisibility({ visibilityProperty: true }) &&
          !each.closest('.log, .visually-hidden') &&
          !each.matches('.visually-hidden, label > input'),
      )
      .filter((each) => !document.querySelector('dialog') || each.closest('dialog'))
      .map((each) => ({ each, box: each.getBoundingClientRect() }))
      .filter(({ box }) => Math.min(box.width, box.height) < 43.9)
      .map(({ each, box }) => `${each.outerHTML.slice(0, 80)} ${box.width}x${box.height}`),
  );
}

test('a phone shows the list or the conversation, and the way back leads where one came from', async () => {
  await server().post('kitchen', 'bob', 'hi');
  const ann = await onScreen(390, 844);
  await ann.search.waitFor({ state: 'hidden' });
  await toList(ann);
  await ann.composer.waitFor({ state: 'hidden' });
  await ann.listed('kitchen').click();
  await ann.isIn('kitchen');
  await ann.search.waitFor({ state: 'hidden' });
  await ann.page.goBack(); // the phone's own
  await ann.search.waitFor();
  await ann.listed('kitchen').click();
  await ann.composer.waitFor();
  await toList(ann);
  await ann.search.waitFor();
  await ann.page.reload();
  await ann.search.waitFor(); // the list stays
  ann.hadNoTrouble();
});

test('who comes back to the page without a link is shown the list', async () => {
  const ann = await onScreen(390, 844);
  await ann.page.goto(server().url);
  await ann.search.waitFor();
  await ann.composer.waitFor({ state: 'hidden' });
});

test('everything that can be pressed is as large as a finger', async () => {
  await server().post('kitchen', 'bob', 'hi');
  const ann = await onScreen(390, 844);
  await ann.says('hello');
  await expect.poll(() => tooSmall(ann), { message: 'conversation' }).toEqual([]);
  await ann.page.getByRole('button', { name: /^More about/ }).click();
  await ann.page.getByRole('menu').waitFor();
  await expect.poll(() => tooSmall(ann), { message: 'menu' }).toEqual([]);
  await ann.page.getByRole('menuitem', { name: 'Save the transcript…' }).click();
  await ann.page.getByRole('dialog').waitFor();
  await expect.poll(() => tooSmall(ann), { message: 'export' }).toEqual([]);
  await ann.page.keyboard.press('Escape');
  await ann.page.getByTestId('people-count').click();
  await expect.poll(() => tooSmall(ann), { message: 'people' }).toEqual([]);
  await ann.page.getByRole('button', { name: 'Hide who is here' }).click();
  await toList(ann);
  await ann.listed('kitchen').waitFor();
  await expect.poll(() => tooSmall(ann), { message: 'list' }).toEqual([]);
  await ann.page.getByRole('button', { name: 'Settings' }).click();
  await ann.page.getByRole('dialog').waitFor();
  await expect.poll(() => tooSmall(ann), { message: 'settings' }).toEqual([]);
});

test('the keyboard of a phone leaves the composer and the newest message in sight', async () => {
  const ann = await onScreen(390, 844);
  for (let n = 1; n <= 30; n++) await server().post('lobby', 'bob', `message ${n}`);
  await ann.sees('message 30');
  await ann.page.setViewportSize({ width: 390, height: 440 }); // as interactive-widget=resizes-content has it
  const bottom = async (what: ReturnType<Person['page']['locator']>) => {
    const box = (await what.boundingBox())!;
    return box.y + box.height;
  };
  await expect.poll(() => bottom(ann.composer)).toBeLessThanOrEqual(440);
  await expect.poll(() => bottom(ann.page.getByTestId('text').filter({ hasText: 'message 30' }))).toBeLessThan(380);
});

test.for([
  [390, 844],
  [820, 1180],
  [1280, 800],
  [320, 568],
] as const)('at %i×%i nothing sticks out, with long names too', async ([width, height]) => {
  const long = `${'long-'.repeat(12)}name`;
  await server().post(long, 'W'.repeat(64), 'w'.repeat(4_000));
  const ann = await onScreen(width, height, 'Ann '.repeat(16), `/c/${long}`);
  await ann.composer.fill('m'.repeat(500));
  const sticksOut = () => ann.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  await expect.poll(sticksOut).toBeLessThanOrEqual(0);
  if (width < 700) {
    await toList(ann);
    await expect.poll(sticksOut).toBeLessThanOrEqual(0);
  }
});

test('a tablet has two parts side by side, a desk three', async () => {
  const ann = await onScreen(820, 1180);
  await ann.search.waitFor();
  await ann.composer.waitFor();
  await ann.page.getByRole('complementary').waitFor({ state: 'hidden' });
  await ann.page.getByTestId('people-count').click();
  await ann.page.getByRole('complementary').waitFor();
  await ann.page.keyboard.press('Escape');
  await ann.page.getByRole('complementary').waitFor({ state: 'hidden' });
  await ann.page.setViewportSize({ width: 1400, height: 800 });
  await ann.page.getByRole('complementary').waitFor();
});

test('Back closes what lies over the page, and leaves neither the conversation nor the site', async () => {
  const ann = await onScreen(390, 844);
  const { page } = ann;
  const steps = [
    { opens: () => page.getByTestId('people-count').click(), what: page.getByRole('complementary') },
    { opens: () => ann.chooses('Save the transcript…'), what: page.getByRole('dialog') },
    { opens: () => page.keyboard.press('Control+/'), what: page.getByRole('dialog') },
  ];
  for (const { opens, what } of steps) {
    await opens();
    await what.waitFor();
    await page.goBack();
    await what.waitFor({ state: 'hidden' });
    expect(await page.evaluate(() => location.pathname)).toBe('/c/lobby');
  }
  await ann.chooses('Save the transcript…'); // closed by a key, it leaves no step behind
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await expect.poll(() => page.evaluate(() => (history.state as { over?: number } | null)?.over ?? 0)).toBe(0);
  await toList(ann);
  await page.goBack();
  await ann.isIn('lobby');
  await ann.composer.waitFor();
  ann.hadNoTrouble();
});

test('Back closes a sheet after a reload, and people over a conversation go when another one is chosen', async () => {
  const ann = await onScreen(1000, 700);
  const { page } = ann;
  const dialog = page.getByRole('dialog', { name: 'Settings' });
  await page.keyboard.press('Control+,');
  await dialog.waitFor();
  await page.reload();
  await ann.isJoined();
  await page.keyboard.press('Control+,');
  await dialog.waitFor();
  await page.goBack();
  await dialog.waitFor({ state: 'detached' });
  await ann.isIn('lobby');

  await ann.opens('kitchen');
  await ann.isIn('kitchen');
  await page.getByTestId('people-count').click();
  await page.getByRole('complementary').waitFor();
  await ann.listed('lobby').click();
  await ann.isIn('lobby');
  await page.getByRole('complementary').waitFor({ state: 'hidden' });
  await expect.poll(() => page.evaluate(() => location.pathname)).toBe('/c/lobby');
  await page.goBack();
  await ann.isIn('kitchen');
  expect(await page.getByRole('complementary').isVisible()).toBe(false);
  ann.hadNoTrouble();
});

test('what comes to a conversation while the list lies before it is unread, and says so', async () => {
  await server().fill('lobby', 30);
  const ann = await onScreen(390, 844);
  await expect.poll(() => server().readTo('lobby', 'ann')).toBe(30);
  await toList(ann);
  await server().fill('lobby', 40, (n) => `news ${n}`);
  await expect.poll(() => ann.listed('lobby').getByTestId('unread').textContent()).toContain('40 unread messages');
  expect(await server().readTo('lobby', 'ann')).toBe(30);
  await ann.listed('lobby').click();
  await expect.poll(async () => (await ann.firstSeen()).seq).toBe(31);
  expect(await ann.log.locator('[data-seq="31"]').getByTestId('fresh').count()).toBe(1);
  await expect.poll(() => server().readTo('lobby', 'ann')).toBeGreaterThan(30);
});

withTouch('Enter starts a new line under a thumb, and does what one has chosen', async () => {
  const context = await browser().newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  await page.goto(`${server().url}/c/lobby`);
  await page.getByLabel('Your name').fill('ann');
  await page.getByRole('button', { name: 'Start chatting' }).tap();
  await page.locator('[data-joined=true]').waitFor();
  const field = page.getByRole('textbox', { name: /^Message to/ });
  const texts = async () => (await server().transcript('lobby')).map(({ text }) => text);
  await field.tap();
  await page.keyboard.type('one');
  await page.keyboard.press('Enter');
  await page.keyboard.type('two');
  expect(await field.inputValue()).toBe('one\ntwo');
  expect(await field.getAttribute('enterkeyhint')).toBe('enter');
  await page.getByRole('button', { name: 'Send' }).tap();
  await expect.poll(texts).toEqual(['one\ntwo']);
  await page.keyboard.type('three');
  await page.keyboard.press('Control+Enter');
  await expect.poll(texts).toEqual(['one\ntwo', 'three']);
  await page.keyboard.press('Control+,');
  await page.getByRole('radio', { name: 'Sends' }).check();
  await page.keyboard.press('Escape');
  await page.reload();
  await page.locator('[data-joined=true]').waitFor();
  await field.tap();
  await page.keyboard.type('four');
  await page.keyboard.press('Enter');
  await expect.poll(texts).toEqual(['one\ntwo', 'three', 'four']);
});

withTouch('touch: a tap opens, with no mouse about', async () => {
  const context = await browser().newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  await page.goto(`${server().url}/c/lobby`);
  await page.getByLabel('Your name').fill('ann');
  await page.getByRole('button', { name: 'Start chatting' }).tap();
  await page.locator('[data-joined=true]').waitFor();
  expect(await page.evaluate(() => document.activeElement!.tagName)).toBe('BODY'); // no keyboard is raised
});
