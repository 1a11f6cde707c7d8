// Somebody who has a name already, in as many new browsers as one wants to measure.
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import { Person } from '../test/person.ts';

export type Known = Awaited<ReturnType<BrowserContext['storageState']>>;

/** Chooses a name once; what the browser keeps of it makes any new profile that person's. */
export async function known(browser: Browser, url: string, name = 'ann'): Promise<Known> {
  const person = await Person.joins(browser, url, name);
  return person.page.context().storageState();
}

export interface Visit {
  page: Page;
  devtools: CDPSession;
  end(): Promise<void>;
}

/**
 * A new profile with nothing in its cache, at a page of the server that has no script; so far nothing of ours is
 * loaded.
 */
export async function arrives(browser: Browser, url: string, storageState: Known): Promise<Visit> {
  const context = await browser.newContext({ storageState, viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.goto(`${url}/healthz`);
  return { page, devtools: await context.newCDPSession(page), end: () => context.close() };
}
