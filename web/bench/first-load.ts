// What a first visit costs: every file that the page asks for until one can chat, as it comes over the wire.
import { readdirSync } from 'node:fs';
import { get } from 'node:http';
import type { Browser } from 'playwright-core';
import { Person } from '../test/person.ts';
import type { Server } from '../test/server.ts';
import type { Row } from './table.ts';

const bar = 60_000; // bytes, gzip

export async function firstLoad(browser: Browser, server: Server): Promise<Row[]> {
  await server.post('lobby', 'bob', 'Hello'); // so that a message is drawn too
  const urls = await firstFiles(browser, server);
  const files = await Promise.all(
    urls.map(async (url) => ({ url, gzip: await bytesOf(url, 'gzip'), br: await bytesOf(url, 'br') })),
  );
  files.sort((a, b) => b.gzip - a.gzip);
  const gzip = total(files.map((file) => file.gzip));
  const br = total(files.map((file) => file.br));
  const lazy = await Promise.all(
    later(server, urls).map(async (url) => `${name(url)}  ${kB(await bytesOf(url, 'gzip'))} gzip`),
  );
  return [
    {
      what: 'first load, gzip',
      figure: kB(gzip),
      bar: `≤ ${kB(bar)}`,
      met: gzip <= bar,
      binding: true,
      details: files.map((file) => `${name(file.url)}  ${kB(file.gzip)} gzip, ${kB(file.br)} br`),
    },
    { what: 'first load, br', figure: kB(br) },
    {
      what: 'later, where it is needed',
      figure: lazy.length === 0 ? 'no file' : `${lazy.length} files`,
      details: lazy,
    },
  ];
}

/**
 * Our files that a new visitor's browser asks for until they chat; icons too, which a browser without a window leaves
 * out.
 */
async function firstFiles(browser: Browser, server: Server): Promise<string[]> {
  const urls = new Set<string>();
  const ann = await Person.visits(browser, server.url, 'ann', '/c/lobby', async (page) => {
    page.on('request', (request) => void urls.add(request.url()));
  });
  await ann.choosesName();
  await ann.isJoined();
  await ann.sees('Hello');
  await ann.page.waitForLoadState('networkidle');
  for (const linked of await ann.page.evaluate(() =>
    [...document.querySelectorAll<HTMLLinkElement>('link[href]')].map((link) => link.href),
  ))
    urls.add(linked);
  return [...urls].filter((url) => url.startsWith(`${server.url}/`) && !new URL(url).pathname.startsWith('/api/'));
}

/** What was built and was not asked for. */
function later(server: Server, first: string[]): string[] {
  const dist = new URL('../dist/', import.meta.url);
  return readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/(^\.keep|^index\.html|\.gz|\.br)$/.test(entry.name))
    .map(
      (entry) => `${server.url}/${`${entry.parentPath}/${entry.name}`.slice(dist.pathname.length).replace(/^\/+/, '')}`,
    )
    .filter((url) => !first.includes(url));
}

/** The body's length as it is sent to a browser that takes this encoding. */
async function bytesOf(url: string, encoding: string): Promise<number> {
  return new Promise((done, fail) => {
    get(url, { headers: { 'Accept-Encoding': encoding } }, (response) => {
      if (response.statusCode !== 200) fail(new Error(`${url}: ${response.statusCode}`));
      let bytes = 0;
      response.on('data', (chunk: Buffer) => (bytes += chunk.length));
      response.on('end', () => done(bytes));
    }).on('error', fail);
  });
}

const total = (numbers: number[]) => numbers.reduce((sum, each) => sum + each, 0);
const kB = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
const name = (url: string) => (new URL(url).pathname.startsWith('/c/') ? 'index.html' : new URL(url).pathname.slice(1));
