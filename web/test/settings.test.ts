// What a person sets, and what the page may load and do.
import { once } from 'node:events';
import { get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { inChromium, useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';

const browser = useBrowser();
const server = useServer();
/** A file as it comes through the network, compressed as it is. */
async function getAsIs(url: string, coding: string): Promise<{ headers: IncomingHttpHeaders; bytes: number }> {
  const [response] = (await once(get(url, { headers: { 'Accept-Encoding': coding } }), 'response')) as [
    IncomingMessage,
  ];
  return { headers: response.headers, bytes: Buffer.concat(await response.toArray()).length };
}

const paper = (person: Person) => person.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const edges = (person: Person) =>
  person.page
    .locator('meta[name=theme-color]')
    .evaluateAll((all) => [...new Set(all.map((each) => each.getAttribute('content')))]);
const opensSettings = (person: Person) => person.page.getByRole('button', { name: 'Settings' }).click();

inChromium('another colour scheme')("the colours are the system's, or what one chose, and that stays", async () => {
  const ann = await Person.joins(browser(), server().url, 'ann');
  await ann.page.emulateMedia({ colorScheme: 'light' });
  const light = await paper(ann);
  await expect.poll(() => edges(ann)).toEqual(['#efece4']);
  await ann.page.emulateMedia({ colorScheme: 'dark' });
  const dark = await paper(ann);
  expect(dark).not.toBe(light);
  await expect.poll(() => edges(ann)).toEqual(['#0f1117']);
  await opensSettings(ann);
  await ann.page.getByLabel('Light').check();
  await expect.poll(() => paper(ann)).toBe(light);
  await ann.page.reload();
  await ann.isJoined();
  await expect.poll(() => paper(ann)).toBe(light);
  await expect.poll(() => edges(ann)).toEqual(['#efece4']);
  await ann.page.emulateMedia({ colorScheme: 'light' });
  await opensSettings(ann);
  await ann.page.getByLabel('Dark').check();
  await expect.poll(() => paper(ann)).toBe(dark);
  await ann.page.getByLabel('System').check();
  await expect.poll(() => paper(ann)).toBe(light);
  ann.hadNoTrouble();
});

/** A browser that answers so, and notes what it is asked and told. `default` is the question that nobody answers. */
async function withCalls(page: Person['page'], answer: NotificationPermission): Promise<void> {
  await page.addInitScript((said) => {
    const calls: string[] = [];
    class Call {
      static permission = 'default';
      static asked = 0;
      static async requestPermission() {
        Call.asked++;
        if (said === 'default') await new Promise(() => {});
        return (Call.permission = said);
      }
      onclick?: () => void;
      constructor(title: string, { body, tag }: { body: string; tag: string }) {
        calls.push(`${tag} | ${title} | ${body}`);
      }
      close() {}
    }
    Object.assign(globalThis, { Notification: Call, calls });
    Object.defineProperty(document, 'hasFocus', { value: () => !(globalThis as { away?: boolean }).away });
  }, answer);
}

const calls = (person: Person) => person.page.evaluate(() => (globalThis as unknown as { calls: string[] }).calls);
const asked = (person: Person) =>
  person.page.evaluate(() => (globalThis as unknown as { Notification: { asked: number } }).Notification.asked);
const away = (person: Person, is: boolean) =>
  person.page.evaluate((value) => {
    (globalThis as { away?: boolean }).away = value;
    dispatchEvent(new Event(value ? 'blur' : 'focus'));
  }, is);

test('the browser is asked on a press alone, and calls come only to who looks elsewhere', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/kitchen', (page) => withCalls(page, 'granted'));
  const bob = await Person.joins(browser(), server().url, 'bob', '/c/kitchen');
  await ann.opens('lobby');
  await ann.isIn('lobby');
  expect(await asked(ann)).toBe(0);
  await opensSettings(ann);
  const box = ann.page.getByLabel('Desktop notifications');
  await box.click();
  await expect.poll(() => box.isChecked()).toBe(true); // once the browser has agreed
  await expect.poll(() => asked(ann)).toBe(1);
  await ann.page.keyboard.press('Escape');
  await bob.says('seen');
  await expect.poll(() => ann.listed('kitchen').textContent()).toContain('seen');
  await away(ann, true);
  await server().post('lobby', 'bob', '<b>open</b>');
  await expect.poll(() => calls(ann)).toEqual(['verbatim.lobby | bob · lobby | <b>open</b>']);
  await bob.says('followed');
  await expect
    .poll(() => calls(ann))
    .toEqual(['verbatim.lobby | bob · lobby | <b>open</b>', 'verbatim.kitchen | bob · kitchen | followed']);
});

test('while the browser waits for an answer nothing is called on, and the setting says so', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/lobby', (page) => withCalls(page, 'default'));
  await opensSettings(ann);
  const box = ann.page.getByLabel('Desktop notifications');
  await box.click();
  await expect
    .poll(() => ann.page.getByRole('dialog').textContent())
    .toContain('The browser asks whether it may: answer there.');
  expect(await box.isChecked()).toBe(false);
});

test('where the browser has agreed before, the box is ticked at once', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/lobby', async (page) => {
    await withCalls(page, 'granted');
    await page.addInitScript(() => Object.assign(Notification, { permission: 'granted' }));
  });
  await opensSettings(ann);
  await ann.page.getByLabel('Desktop notifications').check();
  expect(await asked(ann)).toBe(0);
  await ann.page.getByLabel('Desktop notifications').uncheck();
});

test('a browser that refuses is not asked again, and the setting says what to do', async () => {
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/lobby', (page) => withCalls(page, 'denied'));
  await opensSettings(ann);
  await ann.page.getByLabel('Desktop notifications').click();
  await expect
    .poll(() => ann.page.getByRole('dialog').textContent())
    .toContain('Allow it in the browser’s own settings first');
  await expect.poll(() => ann.page.getByLabel('Desktop notifications').isDisabled()).toBe(true);
});

test('a whole session asks no other host for anything, and breaks no policy', async () => {
  const hosts = new Set<string>();
  const violated: string[] = [];
  const ann = await Person.joins(browser(), server().url, 'ann', '/', async (page) => {
    page.on('request', (request) => hosts.add(new URL(request.url()).host));
    page.on('websocket', (socket) => hosts.add(new URL(socket.url()).host));
    page.on('console', (message) => {
      if (/Content Security Policy|Trusted/i.test(message.text())) violated.push(message.text());
    });
  });
  await ann.says('**hello** https://example.com/a.png <img src="https://example.com/b.png">');
  await ann.opens('kitchen');
  await ann.isIn('kitchen');
  await ann.types('draft');
  await ann.opens('lobby');
  await ann.isIn('lobby');
  await ann.chooses('Save the transcript…');
  await ann.page.getByRole('dialog').waitFor();
  await ann.page.keyboard.press('Escape');
  await opensSettings(ann);
  await ann.page.getByLabel('Dark').check();
  await ann.page.getByRole('button', { name: 'Keyboard help' }).click();
  await ann.page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
  await ann.page.keyboard.press('Escape');
  await ann.page.setViewportSize({ width: 390, height: 844 });
  await ann.page.getByRole('button', { name: 'Show conversations' }).click();
  await server().kill();
  await server().start();
  await ann.page.reload();
  await ann.search.waitFor();
  expect([...hosts]).toEqual([new URL(server().url).host]);
  expect(violated).toEqual([]);
  ann.hadNoTrouble();
});

test('what the page is made of is small, compressed, kept for ever, and the page itself asked for anew', async () => {
  const page = await fetch(`${server().url}/c/lobby`);
  expect(page.headers.get('cache-control')).toBe('no-cache');
  expect(page.headers.get('content-security-policy')).not.toContain('unsafe');
  const html = await page.text();
  expect(html.indexOf('rel="stylesheet"')).toBeGreaterThan(0);
  // which waits for those before it alone
  expect(html.indexOf('rel="stylesheet"')).toBeLessThan(html.indexOf('<script type="module"'));
  const named = [...html.matchAll(/(?:src|href)="([^"]*\/assets\/[^"]+)"/g)].map(
    (match) => new URL(match[1]!, page.url).href,
  );
  expect(named.length).toBeGreaterThan(2);
  for (const coding of ['br', 'gzip']) {
    let whole = 0;
    for (const path of named) {
      const asset = await getAsIs(path, coding);
      expect(asset.headers['cache-control'], path).toBe('public, max-age=31536000, immutable');
      expect(asset.headers['content-encoding'], path).toBe(coding);
      whole += asset.bytes;
    }
    expect(whole).toBeGreaterThan(10_000);
    expect(whole).toBeLessThan(60_000);
  }
});
