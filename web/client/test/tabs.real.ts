// What a real browser does to a queue: reloads, crashed tabs, a browser that is killed, several tabs, storage that is
// full or refused.

import type { openDB } from 'idb';
import type { BrowserContext } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { useServer } from '../../test/server.ts';
import type { Chat } from '../index.ts';
import { newProfile, startBrowser, Tab, useTabs } from './tab.ts';

const browser = useTabs();
const server = useServer();

async function profile(): Promise<BrowserContext> {
  const context = await browser().newContext();
  onTestFinished(() => context.close());
  return context;
}

const texts = async () => (await server().transcript('lobby')).map((message) => message.text);
const numbered = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name} ${index + 1}`);
const waiting = (said: string[]) => said.map((text) => `sending ${text}`);

test('what was not acknowledged is sent after a reload, once, in order', async () => {
  const ann = await Tab.open(await profile(), server().url);
  await ann.isOnline();
  await server().kill();
  const said = numbered('ann', 20);
  await ann.says(...said);
  await ann.reloads();
  await expect.poll(() => ann.unsettled()).toEqual(waiting(said)); // shown before there is a connection
  await server().start();
  await expect.poll(texts).toEqual(said);
  await expect.poll(() => ann.unsettled()).toEqual([]);
  await ann.reloads();
  await ann.isOnline();
  expect(await ann.unsettled()).toEqual([]);
  expect(await texts()).toEqual(said);
});

test('even what was sent in the moment of the reload is kept', async () => {
  const ann = await Tab.open(await profile(), server().url);
  await ann.isOnline();
  await server().kill();
  const said = numbered('ann', 10);
  for (const text of said) await ann.saysAndReloads(text);
  await expect.poll(() => ann.unsettled()).toEqual(waiting(said));
  await server().start();
  await expect.poll(texts).toEqual(said);
});

test('a tab that crashes leaves its messages to the next one', async () => {
  const context = await profile();
  const ann = await Tab.open(context, server().url);
  await ann.isOnline();
  await server().kill();
  const said = numbered('ann', 5);
  await ann.says(...said);
  await expect.poll(() => ann.unsettled()).toEqual(waiting(said));
  await expect.poll(() => ann.kept()).toBe(5);
  await ann.crashes();
  const again = await Tab.open(context, server().url);
  await expect.poll(() => again.unsettled()).toEqual(waiting(said));
  await server().start();
  await expect.poll(texts).toEqual(said);
});

test('a browser that is killed has them when it starts again', async () => {
  const folder = newProfile();
  const before = await startBrowser(folder);
  const ann = await Tab.open(before.context, server().url);
  await ann.isOnline();
  await server().kill();
  const said = numbered('ann', 5);
  await ann.says(...said);
  await expect.poll(() => ann.kept()).toBe(5);
  await before.kill();
  const after = await startBrowser(folder);
  const again = await Tab.open(after.context, server().url);
  await expect.poll(() => again.unsettled()).toEqual(waiting(said));
  await server().start();
  await expect.poll(texts).toEqual(said);
});

test('several tabs write at once, one is closed and one crashes: all of it is recorded once, each tab in its order', async () => {
  const context = await profile();
  const tabs = [
    await Tab.open(context, server().url),
    await Tab.open(context, server().url),
    await Tab.open(context, server().url),
  ];
  for (const tab of tabs) await tab.isOnline();
  await server().kill();
  for (const n of numbered('', 5)) await Promise.all(tabs.map((tab, index) => tab.says(`tab ${index}:${n}`)));
  const said = (index: number) => numbered('', 5).map((n) => `tab ${index}:${n}`);
  // its own, and nobody else's
  for (const [index, tab] of tabs.entries()) expect(await tab.unsettled()).toEqual(waiting(said(index)));
  await expect.poll(() => tabs[0]!.kept()).toBe(15);
  await tabs[0]!.page.close();
  await tabs[1]!.crashes();
  await expect.poll(async () => (await tabs[2]!.unsettled()).length).toBe(15);
  await server().start();
  await expect.poll(async () => (await texts()).length).toBe(15);
  await expect.poll(() => tabs[2]!.unsettled()).toEqual([]);
  const record = await texts();
  for (const index of [0, 1, 2]) expect(record.filter((text) => text.startsWith(`tab ${index}:`))).toEqual(said(index));
  const later = await Tab.open(context, server().url);
  await later.isOnline();
  expect(await later.unsettled()).toEqual([]);
  expect(await texts()).toHaveLength(15);
});

test('what an older version left in localStorage is sent', async () => {
  const ann = await Tab.open(await profile(), server().url, () => {
    if (localStorage.getItem('written')) return;
    localStorage.setItem('written', 'yes');
    const item = { id: 'old-1', conversation: 'lobby', text: 'from before', created: 1, since: 0, state: 'sending' };
    localStorage.setItem('verbatim.outbox/ann/old-1', JSON.stringify(item));
  });
  await expect.poll(texts).toEqual(['from before']);
  await expect.poll(() => ann.page.evaluate(() => Object.keys(localStorage))).toEqual(['written']);
});

test('a browser without storage says so, and chats all the same', async () => {
  const ann = await Tab.open(await profile(), server().url, () => {
    indexedDB.open = () => {
      throw new DOMException('a private window keeps nothing', 'InvalidStateError');
    };
  });
  await ann.isOnline();
  await ann.says('hi');
  await expect.poll(texts).toEqual(['hi']);
  expect(await ann.told()).toEqual(['storage fails: a private window keeps nothing']);
});

test('storage that is full says so, and what waits goes on in memory', async () => {
  const ann = await Tab.open(await profile(), server().url);
  await ann.isOnline();
  const developer = await ann.page.context().newCDPSession(ann.page);
  await developer.send('Storage.overrideQuotaForOrigin', { origin: server().url, quotaSize: 1 });
  await server().kill();
  const said = ['x'.repeat(10_000), 'y'.repeat(10_000)];
  await ann.says(...said);
  await expect.poll(() => ann.told()).toEqual([expect.stringMatching(/^storage fails: ./)]);
  await server().start();
  await expect.poll(texts).toEqual(said);
});

const whole = { conversation: 'lobby', created: 1, since: 0, state: 'sending' } as const;

/**
 * Puts what an older version kept into a tab's database, as it had it there: under the id, and of an owner that is
 * gone.
 */
async function leaves(tab: Tab, ...items: { id: string }[]): Promise<void> {
  await tab.page.evaluate(
    async ([name, left]) => {
      const database = await window.openDB(name as string, 1, {
        upgrade: (made) => void made.createObjectStore('outbox', { keyPath: ['user', 'id'] }),
      });
      for (const item of left as { id: string; meta?: unknown }[]) {
        if (item.meta === 'a bigint') item.meta = { orderId: 1n };
        await database.put('outbox', { user: 'ann', id: item.id, owner: 'gone', item });
      }
      database.close();
    },
    [tab.database, items] as const,
  );
}

declare const window: Window & { openDB: typeof openDB; Chat: typeof Chat; chat: Chat };

test('a store that holds what can never be sent: the chat goes on, after a reload too, and in the next tab', async () => {
  const context = await profile();
  const ann = await Tab.open(context, server().url);
  await ann.isOnline();
  await leaves(
    ann,
    { ...whole, id: 'long', text: 'y'.repeat(150_000) } as { id: string },
    { ...whole, id: 'order', text: 'order', created: 2, meta: 'a bigint' } as { id: string },
    { ...whole, id: 'broken', text: 7, created: 3 } as { id: string },
    { id: 'nothing' },
    { ...whole, id: 'good', text: 'from before', created: 4 } as { id: string },
  );
  await ann.reloads();
  await expect.poll(texts).toEqual(['from before']);
  const failed = ['failed yyyyyyyyyy', 'failed order', 'failed '];
  const shown = async (tab: Tab) => (await tab.unsettled()).map((line) => line.slice(0, 17)).sort();
  await expect.poll(() => shown(ann)).toEqual([...failed].sort());
  await ann.says('after it');
  await expect.poll(texts).toEqual(['from before', 'after it']);
  await expect.poll(() => ann.kept()).toBe(4); // as what they are, to be shown again
  await ann.reloads();
  await ann.isOnline();
  await expect.poll(() => shown(ann)).toEqual([...failed].sort());
  await ann.page.close();
  const again = await Tab.open(context, server().url);
  await again.isOnline();
  await again.says('in another tab');
  await expect.poll(texts).toEqual(['from before', 'after it', 'in another tab']);
  await expect.poll(() => shown(again)).toEqual([...failed].sort());
  await again.page.evaluate(() => {
    for (const item of [...window.chat.unsettled('lobby'), ...window.chat.unsettled('')]) window.chat.discard(item);
  });
  await expect.poll(() => again.kept()).toBe(0);
});

test('a text over the limit fails in the tab that wrote it, is not kept, and comes back nowhere', async () => {
  const context = await profile();
  const ann = await Tab.open(context, server().url);
  await ann.isOnline();
  await ann.says('z'.repeat(150_000), 'after it');
  await expect.poll(texts).toEqual(['after it']);
  expect((await ann.unsettled()).map((line) => line.slice(0, 10))).toEqual(['failed zzz']);
  await expect.poll(() => ann.kept()).toBe(0);
  await ann.reloads();
  await ann.isOnline();
  expect(await ann.unsettled()).toEqual([]);
  const other = await Tab.open(context, server().url);
  await other.isOnline();
  await other.says('elsewhere');
  await expect.poll(texts).toEqual(['after it', 'elsewhere']);
});

test('a page whose origin is refused is told all that a browser tells, and what to look at', async () => {
  const ann = await Tab.open(await profile(), server().url);
  await ann.isOnline();
  const elsewhere = new URL(server().url);
  elsewhere.hostname = 'localhost'; // another origin than the page's
  const state = await ann.page.evaluate(
    (url) =>
      new Promise((resolve) => {
        const chat = new window.Chat({ url, name: 'bob' });
        chat.on('state', (now) => {
          if (now.phase !== 'waiting') return;
          resolve(now);
          void chat.close();
        });
        chat.connect();
      }),
    `${elsewhere.href.replace('http', 'ws')}ws`,
  );
  expect(state).toEqual({
    phase: 'waiting',
    seconds: expect.any(Number),
    code: 1006,
    opened: false,
    reason: expect.stringMatching(/browser.*--allow-origin/),
  });
});
