// One browser for a test file; each person gets a profile of their own in it.

import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, test } from 'vitest';
import { inFirefox, launchFirefox } from './firefox.ts';

export const chromiumPath = '/usr/bin/chromium';

export const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the browser before the tests of a file and closes it after them. */
export function useBrowser(): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    const launch = inFirefox ? launchFirefox : () => chromium.launch({ executablePath: chromiumPath, args: quiet });
    browser = await launch(); // with a new, empty profile folder
  });
  afterAll(() => browser?.close());
  return () => browser!;
}

/**
 * A test of something that only Chromium can be asked for; `why` says what. In Firefox it is skipped, and the list of
 * tests names it.
 */
export const inChromium = (why: string) => (name: string, run: () => Promise<void>) => {
  if (inFirefox) test.skip(`${name} (Chromium alone: ${why})`, run);
  else test(name, run);
};

export const withClipboard = inChromium('the permission to read the clipboard');
export const withTouch = inChromium('touch');
