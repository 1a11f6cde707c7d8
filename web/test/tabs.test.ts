// One person, several tabs of one browser.

import type { BrowserContext, Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();

const composer = (page: Page) => page.getByRole('textbox', { name: /^Message to/ });
const isJoined = (page: Page) => page.locator('[data-testid=conversation][data-joined=true]').waitFor();

async function opensTab(person: Person, path = '/c/lobby'): Promise<Page> {
  const tab = await person.page.context().newPage();
  await tab.goto(server().url + path);
  await isJoined(tab);
  return tab;
}

test('there is one draft: what is written in one tab is in the other, and gone from both once it is sent', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  const other = await opensTab(ann);
  await ann.types('half a thought');
  await expect.poll(() => composer(other).inputValue()).toBe('half a thought');
  await composer(other).pressSequentially(', and the other half');
  await expect.poll(() => ann.composer.inputValue()).toBe('half a thought, and the other half');
  await ann.composer.press('Enter');
  await expect.poll(() => composer(other).inputValue()).toBe('');
  await composer(other).press('Enter');
  await composer(other).fill('the next');
  await composer(other).press('Enter');
  await ann.sees('the next');
  expect((await server().transcript('lobby')).map(({ text }) => text)).toEqual([
    'half a thought, and the other half',
    'the next',
  ]);
});

test('a chosen answer is in both tabs, as the draft is', async () => {
  await server().fill('lobby', 3);
  const ann = await Person.joins(browser(), server().url, 'ann');
  const other = await opensTab(ann);
  await ann.log.locator('[data-seq="2"]').focus();
  await ann.page.keyboard.press('r');
  await expect.poll(() => other.getByTestId('replying').textContent()).toContain('message 2');
  await composer(other).fill('so it is');
  await composer(other).press('Enter');
  await ann.sees('so it is');
  await ann.page.getByTestId('replying').waitFor({ state: 'detached' });
});

test('two names in two tabs stay two over a reload', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  const tab = await opensTab(ann);
  await tab.getByRole('button', { name: 'Choose another name' }).click();
  await tab.getByLabel('Your name').fill('Dr. Ann');
  await tab.getByRole('button', { name: 'Start chatting' }).click();
  await isJoined(tab);
  await ann.page.reload();
  await ann.isJoined();
  await tab.reload();
  await isJoined(tab);
  expect(await ann.page.getByTestId('me').textContent()).toContain('ann');
  expect(await tab.getByTestId('me').textContent()).toContain('Dr. Ann');
});

test('two tabs that both came with a name that was chosen before stay two as well', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  const [one, other] = [await opensTab(ann), await opensTab(ann)];
  await ann.page.close();
  await other.getByRole('button', { name: 'Choose another name' }).click();
  await other.getByLabel('Your name').fill('bob');
  await other.getByRole('button', { name: 'Start chatting' }).click();
  await isJoined(other);
  await one.reload();
  await isJoined(one);
  expect(await one.getByTestId('me').textContent()).toContain('ann');
  expect(await other.getByTestId('me').textContent()).toContain('bob');
});

/** A browser whose calls are told to the test, by the tab that made them; `away` is whether a tab has not the focus. */
async function withCalls(context: BrowserContext): Promise<string[]> {
  const calls: string[] = [];
  await context.exposeBinding('called', (_, call: string) => void calls.push(call));
  await context.addInitScript(() => {
    class Call {
      static permission = 'granted';
      onclick?: () => void;
      constructor(title: string, { body }: { body: string }) {
        (globalThis as unknown as { called(call: string): void }).called(`${title}: ${body}`);
      }
      close() {}
    }
    Object.assign(globalThis, { Notification: Call, away: true });
    Object.defineProperty(document, 'hasFocus', { value: () => !(globalThis as { away?: boolean }).away });
    localStorage.setItem('verbatim.notifications', 'on');
  });
  return calls;
}

const looks = (page: Page, at: boolean) =>
  page.evaluate((looking) => {
    (globalThis as { away?: boolean }).away = !looking;
    dispatchEvent(new Event(looking ? 'focus' : 'blur'));
    return navigator.locks.query().then(() => {});
  }, at);

const waitsToCall = (page: Page) =>
  page.evaluate(async () => {
    const { pending = [] } = await navigator.locks.query();
    return pending.filter(({ name }) => name?.includes('caller/')).length;
  });

test('one tab calls, and none while one looks at any of them', async () => {
  const context = await browser().newContext();
  onTestFinished(() => context.close());
  const calls = await withCalls(context);
  const tabs = [await context.newPage(), await context.newPage(), await context.newPage()];
  for (const [n, tab] of tabs.entries()) {
    await tab.goto(`${server().url}/c/lobby`);
    if (n === 0) {
      await tab.getByLabel('Your name').fill('ann');
      await tab.getByRole('button', { name: 'Start chatting' }).click();
    }
    await isJoined(tab);
  }
  const seen = (text: string) =>
    Promise.all(tabs.map((tab) => tab.getByTestId('text').filter({ hasText: text }).first().waitFor()));
  await expect.poll(() => waitsToCall(tabs[0]!)).toBe(2); // one of the three is the caller
  await server().post('lobby', 'bob', 'one');
  await seen('one');
  await expect.poll(() => calls).toEqual(['bob · lobby: one']);
  await looks(tabs[2]!, true);
  await server().post('lobby', 'bob', 'two');
  await seen('two');
  await looks(tabs[2]!, false);
  await server().post('lobby', 'bob', 'three');
  await seen('three');
  await expect.poll(() => calls).toEqual(['bob · lobby: one', 'bob · lobby: three']);
  await tabs.shift()!.close(); // the caller: it came first
  await expect.poll(() => waitsToCall(tabs[0]!)).toBe(1); // the browser has made the other one the caller
  await server().post('lobby', 'bob', 'four');
  await seen('four');
  await expect.poll(() => calls).toEqual(['bob · lobby: one', 'bob · lobby: three', 'bob · lobby: four']);
});

test('calls are one setting: what one tab turns off or on, the others know', async () => {
  const context = await browser().newContext();
  onTestFinished(() => context.close());
  const calls = await withCalls(context);
  const tabs = [await context.newPage(), await context.newPage()] as const;
  for (const [n, tab] of tabs.entries()) {
    await tab.goto(`${server().url}/c/lobby`);
    if (n === 0) {
      await tab.getByLabel('Your name').fill('ann');
      await tab.getByRole('button', { name: 'Start chatting' }).click();
    }
    await isJoined(tab);
  }
  const [box, other] = [tabs[0].getByLabel('Desktop notifications'), tabs[1].getByLabel('Desktop notifications')];
  for (const tab of tabs) await tab.keyboard.press('Control+,');
  const turns = async (on: boolean) => {
    await other.setChecked(on);
    await expect.poll(() => box.isChecked()).toBe(on);
  };
  const says = async (text: string) => {
    await server().post('lobby', 'bob', text);
    for (const tab of tabs) await tab.getByTestId('text').filter({ hasText: text }).first().waitFor();
  };
  await turns(false); // in the tab that does not call
  await says('one');
  await turns(true);
  await says('two');
  await expect.poll(() => calls).toEqual(['bob · lobby: two']);
});

test('who may keep nothing in this browser gets in, and chats', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/lobby', async (page) => {
    await page.addInitScript(() => {
      for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) {
        Object.defineProperty(globalThis, name, {
          get() {
            throw new DOMException('forbidden', 'SecurityError');
          },
        });
      }
    });
  });
  await ann.says('hello');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  await ann.opens('kitchen');
  await ann.isIn('kitchen');
  await ann.types('a draft');
  await ann.listed('lobby').click();
  await ann.isIn('lobby');
  await expect.poll(() => ann.listed('kitchen').textContent()).toContain('a draft');
  await ann.page.getByRole('button', { name: 'Settings' }).click();
  await ann.page.getByLabel('Dark').check();
  await expect.poll(() => ann.page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
  ann.hadNoTrouble();
});

test('who comes with a full localStorage gets in, and chats', async () => {
  const ann = await Person.visits(browser(), server().url, 'ann');
  await ann.page.evaluate(() => {
    for (let size = 4 << 20, n = 0; size > 0; size >>= 1) {
      try {
        for (;;) localStorage.setItem(`full ${n++}`, 'x'.repeat(size));
      } catch {
        /* less, then */
      }
    }
  });
  await ann.choosesName();
  await ann.isJoined();
  await ann.says('hello');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  await ann.opens('kitchen');
  await ann.isIn('kitchen');
  await ann.types('a draft');
  await ann.listed('lobby').click();
  await expect.poll(() => ann.listed('kitchen').textContent()).toContain('a draft');
  await ann.page.getByRole('button', { name: 'Settings' }).click();
  await ann.page.getByLabel('Dark').check();
  await expect.poll(() => ann.page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
  ann.hadNoTrouble();
});

test('what was said today was said yesterday, once midnight has passed', async () => {
  await server().post('lobby', 'bob', 'late at night');
  const ann = await Person.visits(browser(), server().url, 'ann', '/c/lobby', (page) => page.clock.install());
  await ann.choosesName();
  await ann.sees('late at night');
  const day = () => ann.log.locator('.divider').first().textContent();
  expect(await day()).toBe('Today');
  await ann.page.clock.fastForward('24:00:00');
  await expect.poll(day).toBe('Yesterday');
  await expect.poll(() => ann.listed('lobby').locator('time').textContent()).not.toMatch(/:/);
});
