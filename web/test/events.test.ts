// Messages as server-sent events, in a real browser's EventSource: it comes back by itself, and misses nothing.

import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { useBrowser } from './browser.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();

interface Heard {
  kind: string;
  id: string;
  data: { seq?: number; text?: string; log?: string; code?: string };
}

interface Listening extends Window {
  heard: Heard[];
  source: EventSource;
}

/** Opens a page of the server's and listens there, as a program of somebody's would. */
async function listens(query: string): Promise<Page> {
  const context = await browser().newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  await page.goto(`${server().url}/healthz`);
  await page.evaluate((address) => {
    const here = window as unknown as Listening;
    here.heard = [];
    here.source = new EventSource(address);
    for (const kind of ['message', 'record', 'reset']) {
      here.source.addEventListener(kind, (event) => {
        const { data, lastEventId } = event as MessageEvent<string>;
        here.heard.push({ kind, id: lastEventId, data: JSON.parse(data) as Heard['data'] });
      });
    }
  }, `/api/conversations/lobby/messages${query}`);
  return page;
}

const heard = (page: Page): Promise<Heard[]> => page.evaluate(() => (window as unknown as Listening).heard);

const entries = async (page: Page): Promise<string[]> =>
  (await heard(page))
    .filter((event) => event.kind === 'message')
    .map((event) => `${event.id} ${event.data.seq} ${event.data.text}`);

test('an EventSource hears every message once, through a crash and a drain', async () => {
  const page = await listens('?after=0'); // the conversation does not exist yet
  await server().post('lobby', 'bob', 'one');
  await server().post('lobby', 'bob', 'two 😀\nand a line');
  await expect.poll(() => entries(page)).toEqual(['1 1 one', '2 2 two 😀\nand a line']);
  await server().kill();
  await server().start();
  await server().post('lobby', 'bob', 'three');
  await expect.poll(() => entries(page)).toEqual(['1 1 one', '2 2 two 😀\nand a line', '3 3 three']);
  await server().drain();
  await server().start();
  await server().post('lobby', 'bob', 'four');
  await expect.poll(() => entries(page)).toEqual(['1 1 one', '2 2 two 😀\nand a line', '3 3 three', '4 4 four']);
  const records = (await heard(page)).filter((event) => event.kind === 'record');
  expect(records.length).toBe(3);
  expect(new Set(records.slice(1).map((event) => event.data.log)).size).toBe(1);
});

test('an EventSource that comes back to an older record is told so, and begins anew', async () => {
  await server().post('lobby', 'bob', 'one');
  await server().drain();
  const putBack = server().backUp();
  await server().start();
  const page = await listens('');
  await server().post('lobby', 'bob', 'two');
  await server().post('lobby', 'bob', 'three');
  await expect.poll(() => entries(page)).toEqual(['1 1 one', '2 2 two', '3 3 three']);
  await server().kill();
  putBack();
  await server().start();
  await expect
    .poll(async () => (await heard(page)).map((event) => event.kind))
    .toEqual(['record', 'message', 'message', 'message', 'reset', 'record', 'message']);
  await server().post('lobby', 'bob', 'another two');
  await expect.poll(async () => (await entries(page)).slice(3)).toEqual(['1 1 one', '2 2 another two']);
  expect((await heard(page)).find((event) => event.kind === 'reset')?.data.code).toBe('reset');
});
