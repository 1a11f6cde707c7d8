// What axe finds on the screens that people meet, in light and dark, on a desk and on a phone.
import type { Browser, Page } from 'playwright-core';
import { axeFaults } from '../test/axe.ts';
import { Person } from '../test/person.ts';
import type { Server } from '../test/server.ts';
import { lively } from './scene.ts';
import type { Row } from './table.ts';

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 390, height: 844 };

export async function axe(browser: Browser, server: Server): Promise<Row[]> {
  await lively(server);
  const rows: Row[] = [];
  for (const [where, size] of [
    ['desktop', desktop],
    ['phone', phone],
  ] as const) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const faults = await faultsOf(browser, server, size, colorScheme);
      rows.push({
        what: `axe, ${where}, ${colorScheme}`,
        figure: `${faults.length} violations`,
        bar: '0',
        met: faults.length === 0,
        binding: true,
        details: faults,
      });
    }
  }
  return rows;
}

async function faultsOf(
  browser: Browser,
  server: Server,
  size: typeof desktop,
  colorScheme: 'light' | 'dark',
): Promise<string[]> {
  const faults: string[] = [];
  const ann = await Person.visits(browser, server.url, 'ann', '/c/lobby', (page) => dress(page, size, colorScheme));
  const look = async (screen: string) =>
    faults.push(...(await axeFaults(ann.page)).map((fault) => `${screen}: ${fault}`));
  await look('welcome');
  await ann.choosesName();
  await ann.isJoined();
  await ann.says('hello');
  await ann.sees('hello');
  await look('conversation');
  await showPeople(ann.page);
  await look('people');
  if (size === phone) {
    await showList(ann.page);
    await look('list');
  }
  return faults;
}

/** Sets the screen before the page is there. */
export async function dress(
  page: Page,
  size: { width: number; height: number },
  colorScheme: 'light' | 'dark',
): Promise<void> {
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
}

/** Opens who is here, where it is not open. */
export async function showPeople(page: Page): Promise<void> {
  const button = page.getByRole('button', { name: /^Who is here/ });
  if ((await button.getAttribute('aria-expanded')) === 'false') await button.click();
  await page.getByTestId('people').waitFor();
}

/** Opens the list of conversations, which a phone hides. */
export async function showList(page: Page): Promise<void> {
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Show conversations' }).click();
  await page.getByRole('navigation', { name: 'Conversations' }).waitFor();
}
