// A tab of a real browser with nothing in it but the built client, served beside the real page so that it has the
// server's origin.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { openDB } from 'idb';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { beforeAll, onTestFinished } from 'vitest';
import { chromiumPath } from '../../test/browser.ts';
import type { Chat } from '../index.ts';

const web = new URL('../../', import.meta.url).pathname;
const empty = `<!doctype html><title>tab</title>
<script type="importmap">{ "imports": { "@verbatim/client": "/test-client/index.js", "idb": "/test-client/idb.js" } }</script>
<script type="module">import { Chat } from '@verbatim/client'; import { openDB } from 'idb'; Object.assign(window, { Chat, openDB });</script>`;

/** A page that a test serves is a stranger to the loopback addresses, the server's among them. */
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-features=LocalNetworkAccessChecks',
];

type TabWindow = Window & { Chat: typeof Chat; openDB: typeof openDB; chat: Chat; told: string[] };
declare const window: TabWindow;

export class Tab {
  private constructor(
    readonly page: Page,
    private readonly server: string,
  ) {}

  /** Opens a tab and connects as ann. `first` runs in it before anything else, at each load. */
  static async open(context: BrowserContext, server: string, first?: () => void): Promise<Tab> {
    const page = await context.newPage();
    await page.route(`${server}/test-client/**`, (route) => {
      const name = new URL(route.request().url()).pathname.slice('/test-client/'.length);
      if (name === '') return route.fulfill({ contentType: 'text/html', body: empty });
      const file = name === 'idb.js' ? 'node_modules/idb/build/index.js' : `client/dist/${name}`;
      return route.fulfill({ contentType: 'text/javascript', body: readFileSync(join(web, file)) });
    });
    if (first) await page.addInitScript(first);
    await page.goto(`${server}/test-client/`);
    const tab = new Tab(page, server);
    await tab.connect();
    return tab;
  }

  /** Makes a client, new as after any load, and connects. */
  async connect(): Promise<void> {
    await this.page.waitForFunction(() => window.Chat !== undefined);
    await this.page.evaluate((url) => {
      window.chat = new window.Chat({ url, name: 'ann' });
      window.told = [];
      window.chat.on('storage', (state) =>
        window.told.push(state.lasting ? 'storage lasts' : `storage fails: ${state.reason}`),
      );
      window.chat.join('lobby');
      window.chat.connect();
    }, this.url);
  }

  private get url(): string {
    return `${this.server.replace('http', 'ws')}/ws`;
  }

  async isOnline(): Promise<void> {
    await this.page.waitForFunction(() => window.chat.conversation('lobby').joined);
  }

  async says(...texts: string[]): Promise<void> {
    await this.page.evaluate((all) => {
      for (const text of all) window.chat.send('lobby', text);
    }, texts);
  }

  /** Reloads at the end of the very task that sends. */
  async saysAndReloads(...texts: string[]): Promise<void> {
    const loaded = this.page.waitForEvent('load');
    await this.page.evaluate((all) => {
      for (const text of all) window.chat.send('lobby', text);
      location.reload();
    }, texts);
    await loaded;
    await this.connect();
  }

  async reloads(): Promise<void> {
    await this.page.reload();
    await this.connect();
  }

  async unsettled(): Promise<string[]> {
    return this.page.evaluate(() => window.chat.unsettled('lobby').map((item) => `${item.state} ${item.text}`));
  }

  /**
   * How many messages the browser keeps, of all tabs. A crash takes what is still on its way there, and `unsettled`
   * shows that as well; a read sees what is committed, and no more.
   */
  async kept(): Promise<number> {
    return this.page.evaluate(async (name) => {
      const database = await window.openDB(name, undefined, {
        upgrade: (_database, _from, _to, change) => change.abort(),
      }); // only the client makes it
      return database.count('outbox').finally(() => database.close());
    }, this.database);
  }

  /** The name of the client's database. */
  get database(): string {
    return `verbatim ${this.url}`;
  }

  async told(): Promise<string[]> {
    return this.page.evaluate(() => window.told);
  }

  /** Ends the tab's process as a fault in the browser does. */
  async crashes(): Promise<void> {
    const crashed = this.page.waitForEvent('crash');
    void this.page.goto('chrome://crash').catch(() => {}); // it never answers
    await crashed;
  }
}

/** One browser for a test file. */
export function useTabs(): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath, args: flags });
    return () => browser?.close();
  });
  return () => browser!;
}

/** A browser of its own with a profile that outlives it, and a kill -9 for the whole of it. */
export async function startBrowser(profile: string): Promise<{ context: BrowserContext; kill(): Promise<void> }> {
  const child = spawn(chromiumPath, [...flags, '--remote-debugging-port=0', `--user-data-dir=${profile}`], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = async () => {
    // its own group: all its processes
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
    await gone;
  };
  onTestFinished(kill);
  for await (const line of createInterface(child.stderr!)) {
    const listens = /^DevTools listening on (ws:\S+)$/.exec(line);
    if (!listens) continue;
    child.stderr!.resume();
    const browser = await chromium.connectOverCDP(listens[1]!);
    return { context: browser.contexts()[0]!, kill };
  }
  throw new Error('the browser did not start');
}

export function newProfile(): string {
  const profile = mkdtempSync(join(tmpdir(), 'verbatim-profile-'));
  onTestFinished(() => rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return profile;
}
