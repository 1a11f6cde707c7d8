// The page behind a reverse proxy, below a path of its host; and what it says where that is set up wrongly.
import { expect, onTestFinished, test } from 'vitest';
import { axeFaults } from './axe.ts';
import { useBrowser } from './browser.ts';
import { Person } from './person.ts';
import { ReverseProxy } from './proxy.ts';
import { Server } from './server.ts';

const browser = useBrowser();

async function serverWith(...flags: string[]): Promise<Server> {
  const server = new Server(flags);
  onTestFinished(() => server.remove());
  await server.start();
  return server;
}

/** A proxy, and the server that knows that it is below its /chat/. */
async function belowAPath(): Promise<{ proxy: ReverseProxy; server: Server }> {
  const proxy = await ReverseProxy.somewhere();
  return { proxy, server: await serverWith('--public-url', proxy.url) };
}

const path = (person: Person) => new URL(person.page.url()).pathname;

test('below a path one chats, reloads, goes back and forward and saves as at the root of a host', async () => {
  const { proxy, server } = await belowAPath();
  await proxy.passesOnTo(server.url);
  const ann = await Person.joins(browser(), proxy.url, 'ann', '/');
  expect(path(ann)).toBe('/chat/c/lobby');
  await ann.says('hello from below\n```js\nconst a = 1;\n```');
  await ann.page.locator('.hljs-keyword, [class*=keyword]').first().waitFor(); // colours are a script of their own
  const bob = await Person.joins(browser(), server.url, 'bob'); // at the root, past the proxy
  await bob.sees('hello from below');
  await bob.says('hello from the root');
  await ann.sees('hello from the root');
  await ann.page.reload();
  await ann.isJoined();
  await ann.sees('hello from the root');

  await ann.opens('kitchen');
  await ann.isIn('kitchen');
  expect(path(ann)).toBe('/chat/c/kitchen');
  await ann.says('something cooks');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  await ann.page.goBack();
  await ann.isIn('lobby');
  await ann.page.goForward();
  await ann.isIn('kitchen');
  await ann.chooses('Save the transcript…');
  const [download] = await Promise.all([
    ann.page.waitForEvent('download'),
    ann.page.getByRole('link', { name: /^Plain text/ }).click(),
  ]);
  expect(Buffer.concat(await (await download.createReadStream()).toArray()).toString()).toContain('something cooks');
  await ann.page.keyboard.press('Escape');
  await ann.chooses('Leave');
  await ann.isIn('lobby');
  expect(path(ann)).toBe('/chat/c/lobby');

  for (const person of [ann, bob]) person.hadNoTrouble();
});

test('below a path a link leads into its conversation, and the list has the others', async () => {
  const { proxy, server } = await belowAPath();
  await proxy.passesOnTo(server.url);
  await server.post('kitchen', 'bob', 'something cooks');
  await server.post('garden', 'bob', 'something grows');
  const eve = await Person.joins(browser(), proxy.url, 'eve', '/c/kitchen');
  await eve.sees('something cooks');
  await eve.search.fill('gar');
  await eve.listed('garden').waitFor(); // the list of the server came, too
  const lost = await Person.visits(browser(), proxy.url, 'lost', '/c/No%20Way/');
  await lost.choosesName();
  await lost.page.getByRole('heading', { name: 'This link leads nowhere' }).waitFor();
  for (const person of [eve, lost]) person.hadNoTrouble();
});

test('what a browser keeps for one server of a host is not shown for another', async () => {
  const { proxy, server } = await belowAPath();
  const other = await serverWith('--public-url', new URL('/team/', proxy.url).href);
  await proxy.passesOnTo(server.url, { also: { path: '/team/', server: other.url } });
  const ann = await Person.joins(browser(), proxy.url, 'ann', '/c/kitchen');
  await ann.page.goto(new URL('/team/', proxy.url).href);
  await ann.choosesName('other ann'); // nobody has a name there yet
  await ann.isIn('lobby');
  expect(await ann.list()).toEqual(['lobby']);
  expect(path(ann)).toBe('/team/c/lobby');
});

test('a proxy that takes the port off Host: the page is there, and says what the server wants', async () => {
  const proxy = await ReverseProxy.somewhere();
  const server = await serverWith();
  await proxy.passesOnTo(server.url);
  const ann = await Person.visits(browser(), proxy.url, 'ann');
  await ann.choosesName();
  const origin = new URL(proxy.url).origin;
  await expect.poll(() => ann.status('banner')).toContain(`does not let this page in: the page came from ${origin}`);
  expect(await ann.status('banner')).toContain(`--public-url ${origin}/`);
  await ann.composer.fill('kept meanwhile');
  expect(await axeFaults(ann.page)).toEqual([]);
  await server.kill();
  server.flags = ['--public-url', proxy.url];
  await server.start();
  await ann.isJoined();
  await ann.composer.press('Enter');
  await ann.sees('kept meanwhile');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  await expect.poll(() => ann.page.getByTestId('banner').getAttribute('data-phase')).toBe('online');
});

test('a proxy that lets no WebSocket through: the page says so, and goes on once it does', async () => {
  const { proxy, server } = await belowAPath();
  await proxy.passesOnTo(server.url, { forgetsTheUpgrade: true });
  const ann = await Person.visits(browser(), proxy.url, 'ann');
  await ann.choosesName();
  await expect.poll(() => ann.status('banner')).toContain('does not let WebSockets through');
  await ann.composer.fill('kept until then');
  expect(await axeFaults(ann.page)).toEqual([]);
  await proxy.passesOnTo(server.url);
  await ann.triesNow();
  await ann.composer.press('Enter');
  await ann.sees('kept until then');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  await expect.poll(() => ann.status('banner')).not.toContain('WebSockets');
});

test.for([
  ['return 404;', 'something else answers 404 in the server’s place'],
  ['return 403;', 'something else answers 403 in the server’s place'],
  ['default_type text/html; return 200 "<h1>Welcome</h1>";', 'something else answers 200 in the server’s place'],
  ['return 302 /login;', 'sends it elsewhere, to sign in perhaps'],
  ['return 502;', 'what stands in front of it answers 502'],
  ['proxy_pass http://127.0.0.1:1;', 'what stands in front of it answers 502'],
] as const)('where the proxy has `%s` for the socket, the page says so', async ([answer, said]) => {
  const { proxy, server } = await belowAPath();
  await proxy.passesOnTo(server.url, { answers: { path: 'ws$', with: answer } });
  const ann = await Person.visits(browser(), proxy.url, 'ann');
  await ann.choosesName();
  await expect.poll(() => ann.status('banner')).toContain(said);
});

test('where nobody answers at all, the page says that', async () => {
  const server = await serverWith();
  const ann = await Person.visits(browser(), server.url, 'ann');
  await server.kill();
  await ann.choosesName();
  await expect
    .poll(() => ann.status('banner'))
    .toMatch(/^The server cannot be reached\. Trying again (in \d+ s|now)\. What you write is kept, and sent later\./);
});

test.for(['assets/', 'assets/.*js$'])('where %s does not come, the page is not white', async (files) => {
  const { proxy, server } = await belowAPath();
  await proxy.passesOnTo(server.url, { answers: { path: files, with: 'return 404;' } });
  const ann = await Person.visits(browser(), proxy.url, 'ann');
  await ann.page.getByRole('heading', { name: 'The chat has not started' }).waitFor({ timeout: 15_000 });
  expect(await axeFaults(ann.page)).toEqual([]);
});

test.for([
  ['the scripts and styles', 'assets/parts.*'],
  ['the styles', 'assets/parts.*css$'],
] as const)('%s of a sheet do not come: the page says so, and opens it once they do', async ([, files]) => {
  const { proxy, server } = await belowAPath();
  await proxy.passesOnTo(server.url, { answers: { path: files, with: 'return 404;' } });
  const ann = await Person.joins(browser(), proxy.url, 'ann');
  await ann.chooses('Save the transcript…');
  await expect.poll(() => ann.status('notices')).toContain('could not be loaded');
  await ann.says('one chats without it');
  await expect.poll(() => ann.states()).toEqual(['recorded']);
  await proxy.passesOnTo(server.url);
  await ann.isJoined();
  await ann.chooses('Save the transcript…');
  await ann.page.getByRole('link', { name: /^Plain text/ }).waitFor();
});
