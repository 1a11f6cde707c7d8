// Lighthouse's accessibility and best practices, before a name is chosen and in a conversation.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BrowserContext, chromium } from 'playwright-core';
import { chromiumPath, quiet } from '../test/browser.ts';
import type { Server } from '../test/server.ts';
import { lively } from './scene.ts';
import type { Row } from './table.ts';

interface Judged {
  category: string;
  score: number;
  failed: string[];
}

/** Lighthouse opens its own tab, so the browser is one of its own: its profile has the name, and a port is open. */
export async function lighthouse(server: Server): Promise<Row[]> {
  await lively(server);
  const profile = mkdtempSync(join(tmpdir(), 'verbatim-lighthouse-'));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath,
    args: [...quiet, '--remote-debugging-port=0'],
  });
  try {
    const port = readFileSync(join(profile, 'DevToolsActivePort'), 'utf8').split('\n')[0]!;
    const welcome = await judge(port, `${server.url}/c/lobby`);
    await choosesName(browser, server.url);
    const conversation = await judge(port, `${server.url}/c/lobby`);
    return [...rows('welcome', welcome), ...rows('conversation', conversation)];
  } finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

function rows(screen: string, all: Judged[]): Row[] {
  return all.map(({ category, score, failed }) => ({
    what: `Lighthouse ${category}, ${screen}`,
    figure: String(score),
    bar: '100',
    met: score === 100,
    details: failed,
  }));
}

async function choosesName(browser: BrowserContext, url: string): Promise<void> {
  const page = await browser.newPage();
  await page.goto(`${url}/c/lobby`);
  await page.getByLabel('Your name').fill('ann');
  await page.getByRole('button', { name: 'Start chatting' }).click();
  await page.getByRole('textbox', { name: /^Message to/ }).waitFor();
  await page.close();
}

async function judge(port: string, url: string): Promise<Judged[]> {
  const script = new URL('lighthouse/run.mjs', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)('node', [script, port, url], { timeout: 120_000 });
  return (JSON.parse(stdout) as { scores: Judged[] }).scores;
}
