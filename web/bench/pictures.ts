// Takes the pictures in docs/screenshots: `npm --prefix web run pictures`.
import { mkdirSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { test } from 'vitest';
import { useBrowser } from '../test/browser.ts';
import { Person } from '../test/person.ts';
import { useServer } from '../test/server.ts';
import { desktop, dress, phone, showList } from './axe.ts';
import { lively } from './scene.ts';

const browser = useBrowser();
const server = useServer();
const folder = new URL('../../docs/screenshots/', import.meta.url).pathname;
mkdirSync(folder, { recursive: true });

const looks = [
  { name: 'desktop', size: desktop, colorScheme: 'light', also: undefined },
  { name: 'desktop-dark', size: desktop, colorScheme: 'dark', also: undefined },
  { name: 'desktop-compact', size: desktop, colorScheme: 'light', also: compact },
  { name: 'desktop-200', size: desktop, colorScheme: 'light', also: twiceAsLarge },
  { name: 'phone', size: phone, colorScheme: 'light', also: undefined },
] as const;

test.for(looks)('$name', async ({ name, size, colorScheme, also }) => {
  const ann = await amongOthers(size, colorScheme, also);
  await take(ann, name);
  if (size !== phone) return;
  await showList(ann.page);
  await take(ann, 'phone-list');
});

test('welcome', async () => {
  const ann = await Person.visits(browser(), server().url, 'ann', '/c/lobby', (page) => dress(page, desktop, 'light'));
  await take(ann, 'welcome');
});

test('offline', async () => {
  const ann = await amongOthers(desktop, 'light');
  await server().kill();
  await ann.page.getByText(/^Connection lost/).waitFor();
  await ann.says('This waits until the server is back, and then it is there once.');
  await ann.page.getByText('waiting…').first().waitFor();
  await take(ann, 'offline');
});

test('help', async () => {
  const ann = await amongOthers(desktop, 'light');
  await ann.page.keyboard.press('Control+/');
  await ann.page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
  await take(ann, 'help');
});

/** ann in the lobby with bob and zoe, who have written, and one of whom writes. */
async function amongOthers(
  size: typeof desktop,
  colorScheme: 'light' | 'dark',
  also?: (page: Page) => Promise<void>,
): Promise<Person> {
  await lively(server());
  const ann = await Person.visits(browser(), server().url, 'ann', '/c/lobby', async (page) => {
    await dress(page, size, colorScheme);
    await also?.(page);
  });
  await ann.choosesName();
  await ann.isJoined();
  const bob = await Person.joins(browser(), server().url, 'bob');
  const zoe = await Person.joins(browser(), server().url, 'zoe');
  await bob.says('I bring the coffee.');
  await ann.sees('the coffee');
  await ann.log.locator('[data-seq]').filter({ hasText: 'the coffee' }).focus();
  await ann.page.keyboard.press('r');
  await ann.says('And I bring plates. 🍽️');
  await zoe.sees('I bring plates');
  await zoe.types('Then ');
  await ann.page.getByTestId('typing').filter({ hasText: 'is typing' }).waitFor();
  return ann;
}

async function compact(page: Page): Promise<void> {
  await page.addInitScript(() => localStorage.setItem('verbatim.density', 'compact'));
}

/** At a zoom of 200 % the window has half as many pixels each way, and each is two by two of the screen's. */
async function twiceAsLarge(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const { width, height } = { width: desktop.width / 2, height: desktop.height / 2 };
  await devtools.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 2, mobile: false });
}

async function take(person: Person, name: string): Promise<void> {
  await person.page.mouse.move(0, 0); // what it lay over would show what can be done with it
  await person.page.evaluate(() => document.fonts.ready);
  await person.page.screenshot({ path: `${folder}${name}.png`, animations: 'disabled' });
}
