// What these tests stand on. What is missing fails them at once, with one line that says what to run.
import { existsSync } from 'node:fs';
import { chromiumPath } from './browser.ts';
import { adaptPlaywright, firefoxPath, inFirefox } from './firefox.ts';
import { nginxPath } from './proxy.ts';
import { binary } from './server.ts';

export default function setup(): void {
  if (inFirefox) {
    need(firefoxPath, 'firefox-esr is missing: run scripts/setup.sh browsers');
    adaptPlaywright();
  } else need(chromiumPath, 'chromium is missing: run scripts/setup.sh');
  need(nginxPath, 'nginx is missing: run scripts/setup.sh');
  need(new URL('../dist/index.html', import.meta.url).pathname, 'the page is not built: run make build');
  need(binary, 'the server is not built: run make build');
}

function need(path: string, otherwise: string): void {
  if (!existsSync(path)) throw new Error(otherwise);
}
