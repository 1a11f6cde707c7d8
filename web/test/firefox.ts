// Debian's Firefox, driven over WebDriver BiDi: `make test-browsers`.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserType } from 'playwright-core';

export const inFirefox = process.env.VERBATIM_BROWSER === 'firefox';
export const firefoxPath = '/usr/bin/firefox-esr';

const playwright = new URL('../node_modules/playwright-core/', import.meta.url);
const adapted = new URL('../node_modules/.cache/playwright-core-for-firefox/', import.meta.url);

/** What Playwright asks of each new page and an ESR does not know yet. No test here needs it. */
const unknownToFirefox = ['emulation.setMediaFeaturesOverride', 'emulation.setScreenSettingsOverride'];

/** Makes a copy of Playwright that goes on where Firefox does not know a command. Called once, before all tests. */
export function adaptPlaywright(): void {
  rmSync(adapted, { recursive: true, force: true });
  cpSync(playwright, adapted, { recursive: true });
  const bundle = new URL('lib/coreBundle.js', adapted);
  let source = readFileSync(bundle, 'utf8');
  for (const command of unknownToFirefox) {
    const call = `.send("${command}"`;
    if (!source.includes(call))
      throw new Error(`this version of Playwright does not send ${command}: take it out of ${import.meta.filename}`);
    source = source.replaceAll(call, `.sendMayFail("${command}"`);
  }
  writeFileSync(bundle, source);
}

export async function launchFirefox(): Promise<Browser> {
  const { firefox } = (await import(fileURLToPath(new URL('index.mjs', adapted)))) as { firefox: BrowserType };
  const mouse = 6; // fine, and it hovers; a headless Firefox says that there is none
  return firefox.launch({
    channel: 'moz-firefox',
    executablePath: firefoxPath,
    headless: true,
    firefoxUserPrefs: { 'ui.primaryPointerCapabilities': mouse, 'ui.allPointerCapabilities': mouse },
  });
}
