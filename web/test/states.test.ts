// What the page says of the connection, the record and who is here.
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { useServer } from './server.ts';
import { Wire } from './wire.ts';

const browser = useBrowser();
const server = useServer();
const joins = (name: string, wire = new Wire()) => Person.joins(browser(), server().url, name, '/c/lobby', wire.lay);

test('a network that is cut and comes back: both go on writing, and each message arrives once', async () => {
  const wire = new Wire();
  const ann = await joins('ann', wire);
  const bob = await joins('bob');
  await ann.says('before');
  await bob.sees('before');
  wire.cut();
  await ann.page.context().setOffline(true);
  await bob.says('while ann is away');
  await expect
    .poll(() => ann.status('banner'))
    .toMatch(/Connection lost\. Trying again (in \d+ s|now)\. What you write is kept, and sent later\./);
  await ann.says('one');
  await ann.says('two');
  await expect.poll(() => ann.states()).toEqual(['recorded', 'sending', 'sending']);
  wire.mend();
  await ann.page.context().setOffline(false); // the browser tells of it, and nobody waits for the countdown
  const all = ['before', 'while ann is away', 'one', 'two'];
  await expect.poll(async () => (await ann.transcript()).map(({ text }) => text)).toEqual(all);
  await expect.poll(async () => (await bob.transcript()).map(({ text }) => text)).toEqual(all);
  expect((await server().transcript('lobby')).map(({ text }) => text)).toEqual(all);
  await expect.poll(() => ann.status('banner')).toBe('');
});

test('without a network the page says so at once, what is written waits, and all goes on when it is back', async () => {
  const wire = new Wire();
  const ann = await joins('ann', wire);
  await ann.says('before');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  wire.die();
  await ann.page.context().setOffline(true);
  await expect.poll(() => ann.status('banner')).toContain('You are offline. What you write is kept, and sent later.');
  await ann.says('in a tunnel');
  await expect.poll(() => ann.log.locator('[data-state=sending]').textContent()).toContain('waiting…');
  await ann.opens('pantry');
  const notLoaded = ann.log.getByText('This conversation has not been opened here yet, and there is no connection.');
  await notLoaded.waitFor();
  await ann.says('is anybody there?');
  await ann.log.locator('[data-state=sending]').waitFor();
  await notLoaded.waitFor(); // still
  expect(await ann.log.getByText('This is where the record begins.').count()).toBe(0);
  await expect.poll(() => ann.status('banner')).toContain('You are offline.');
  await ann.listed('lobby').click();
  await ann.sees('in a tunnel'); // what was there stays to be read
  wire.live();
  await ann.page.context().setOffline(false);
  await expect.poll(() => ann.states()).toEqual(['recorded', 'recorded']);
  expect((await server().transcript('lobby')).map(({ text }) => text)).toEqual(['before', 'in a tunnel']);
  await expect.poll(() => ann.status('banner')).toBe('');
});

test('a server that answers although the browser says that there is no network is talked to as ever', async () => {
  const ann = await joins('ann');
  await ann.page.evaluate(() => dispatchEvent(new Event('offline')));
  await expect.poll(() => ann.status('banner')).toBe('');
  await ann.says('on this machine');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
});

test('where the browser keeps nothing, the page does not say that what one writes is kept', async () => {
  const wire = new Wire();
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/lobby', async (page) => {
    await page.addInitScript(() => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }));
    await wire.lay(page);
  });
  wire.cut();
  const words = 'Keep this page open: what you write is lost if you close it.';
  await expect.poll(() => ann.status('banner')).toContain(words);
  await ann.says('in memory alone');
  wire.mend();
  await ann.triesNow();
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  ann.hadNoTrouble();
});

test('while it waits, the page counts down, and a press tries now', async () => {
  const wire = new Wire();
  const ann = await Person.joins(browser(), server().url, 'ann', '/c/lobby', async (page) => {
    await page.clock.install();
    await wire.lay(page);
  });
  wire.cut();
  const seconds = async () => Number(/in (\d+) s/.exec(await ann.status('banner'))?.[1] ?? 0);
  let before = 0;
  await expect
    .poll(async () => {
      const now = await seconds();
      const fell = 0 < now && now < before;
      before = now;
      return fell;
    })
    .toBe(true);
  await expect.poll(seconds).toBeGreaterThan(3);
  await expect
    .poll(async () => {
      // the clock stands still, and the next try never comes by itself
      const soon = await ann.page.evaluate(() => Date.now() + 1_000);
      return ann.page.clock.pauseAt(soon).then(
        () => true,
        () => false,
      ); // not where it has passed meanwhile
    })
    .toBe(true);
  const tried = wire.attempts;
  wire.mend();
  await ann.page.getByRole('button', { name: 'Try now' }).click();
  await expect.poll(() => wire.attempts).toBeGreaterThan(tried);
  await ann.page.clock.resume();
  await expect.poll(() => ann.status('banner')).not.toContain('Connection lost');
});

test('a record that cannot be written: the page says so, keeps what is written and sends it once', async () => {
  const wire = new Wire();
  const ann = await joins('ann', wire);
  const bob = await joins('bob');
  wire.refuses = { types: ['send'], code: 'unavailable', reason: 'the disk is full', retry_after: 0.2 };
  await ann.says('kept one');
  await ann.says('kept two');
  await expect.poll(() => ann.status('banner')).toContain('What you write is kept, and sent later');
  await expect.poll(() => ann.states()).toEqual(['sending', 'sending']);
  wire.refuses = undefined;
  await bob.sees('kept two');
  await expect.poll(() => ann.status('banner')).toBe('');
  expect((await server().transcript('lobby')).map(({ text }) => text)).toEqual(['kept one', 'kept two']);
});

test('a record that cannot be read: the page says so, and opens it when it can', async () => {
  const wire = new Wire();
  wire.refuses = { types: ['join'], code: 'unavailable', reason: 'the disk is away', retry_after: 0.2 };
  const ann = await Person.visits(browser(), server().url, 'ann', '/c/lobby', wire.lay);
  await ann.choosesName();
  await expect.poll(() => ann.status('banner')).toContain('The record cannot be read just now');
  await ann.says('kept');
  wire.refuses = undefined;
  await ann.isJoined();
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  await expect.poll(() => ann.status('banner')).toBe('');
});

test('a conversation that one may not join says why', async () => {
  const wire = new Wire();
  wire.refuses = { types: ['join'], code: 'forbidden', reason: 'ask the owner of lobby to let you in' };
  const ann = await Person.visits(browser(), server().url, 'ann', '/c/lobby', wire.lay);
  await ann.choosesName();
  await expect.poll(() => ann.alert()).toBe('ask the owner of lobby to let you in');
  await expect.poll(() => ann.status('banner')).toBe('');
});

test('who is refused hears why, and can choose another name', async () => {
  const ann = await Person.visits(browser(), server().url, 'ann', '/c/lobby', async (page) => {
    await page.routeWebSocket(/\/ws/, (socket) => void socket.close({ code: 4003, reason: 'this name is taken' }));
  });
  await ann.choosesName();
  await expect.poll(() => ann.status('banner')).toContain('The server does not let you in: this name is taken.');
  await ann.page.getByTestId('banner').getByRole('button', { name: 'Choose another name' }).click();
  await ann.page.getByLabel('Your name').waitFor();
});

test('who is here has names, and a crowd has a number', async () => {
  const ann = await joins('ann');
  const comes = async (n: number) => {
    const socket = new WebSocket(`${server().url.replace('http', 'ws')}/ws?name=guest${n}`, 'verbatim.v1');
    await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
    socket.send(JSON.stringify({ type: 'join', conversation: 'lobby', limit: 0 }));
    return socket;
  };
  const count = ann.page.getByTestId('people-count');
  await count.click();
  const guests: WebSocket[] = [];
  while (guests.length < 199) guests.push(await comes(guests.length)); // one address may not shake many hands at once
  await expect.poll(() => count.textContent()).toContain('200 here');
  await expect.poll(() => ann.people()).toHaveLength(200);
  guests.push(await comes(199));
  await expect.poll(() => count.textContent()).toContain('201 here');
  await expect
    .poll(() => ann.page.getByRole('complementary').textContent())
    .toContain('201 people are here, too many to list.');
  for (const socket of guests.splice(50)) socket.close();
  await expect.poll(() => count.textContent()).toContain('51 here');
  await expect.poll(async () => (await ann.people()).length).toBe(51);
  for (const socket of guests) socket.close();
});
