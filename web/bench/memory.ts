// Whether the page stays small while somebody reads a long conversation back to its beginning.
import type { Browser, CDPSession, Page } from 'playwright-core';
import { Person } from '../test/person.ts';
import type { Server } from '../test/server.ts';
import { seed } from './seed.ts';
import type { Row } from './table.ts';

const messages = 50_000;
const step = 10_000; // messages between two looks
const patience = 200_000; // ms for the whole way; a page that gets slower with each message does not arrive
const flat = 0.1; // of growth after the first step, at most, or a little that is the same for any size

interface Look {
  read: number; // messages behind the reader
  heap: number; // bytes, after a collection
  nodes: number; // elements in the document
  after: number; // ms since the start
}

export async function memory(browser: Browser, server: Server): Promise<Row[]> {
  await seed(server.url, 'lobby', messages);
  const ann = await Person.joins(browser, server.url, 'ann');
  await ann.page.getByTestId('text').first().waitFor();
  const looks = await readBack(ann, await ann.page.context().newCDPSession(ann.page));
  return judge(looks);
}

function judge(looks: Look[]): Row[] {
  const last = looks.at(-1)!;
  const base = looks.find((look) => look.read >= step) ?? last;
  const later = looks.slice(looks.indexOf(base));
  const arrived = last.read >= messages - 1;
  const grown = (what: 'heap' | 'nodes', least: number, show: (amount: number) => string): Row => {
    const growth = Math.max(...later.map((look) => look[what])) - base[what];
    return {
      what: `${what === 'heap' ? 'script memory' : 'elements'}, reading ${messages.toLocaleString('en')} messages back`,
      figure: arrived
        ? `${growth < 0 ? '' : '+'}${show(growth)}`
        : `not arrived: ${last.read} in ${Math.round(last.after / 1000)} s`,
      bar: `flat: < 10 % or ${show(least)} after the first ${step.toLocaleString('en')}`,
      met: arrived && growth < Math.max(least, flat * base[what]),
    };
  };
  const details = looks.map(
    (look) => `${look.read} back  ${MB(look.heap)}, ${look.nodes} elements, after ${Math.round(look.after / 1000)} s`,
  );
  return [{ ...grown('heap', 2_000_000, MB), details }, grown('nodes', 200, String)];
}

/** Turns the wheel until the first message is drawn, or patience ends. */
async function readBack(ann: Person, devtools: CDPSession): Promise<Look[]> {
  const start = performance.now();
  const look = async (read: number): Promise<Look> => ({
    read,
    after: performance.now() - start,
    ...(await weigh(devtools, ann.page)),
  });
  const looks = [await look(0)];
  await ann.log.hover();
  let read = 0;
  while (read < messages - 1 && performance.now() - start < patience) {
    await ann.page.mouse.wheel(0, -8000);
    read = messages - (await oldest(ann.page));
    if (read >= Math.min(messages - 1, looks.length * step)) looks.push(await look(read));
  }
  if (looks.at(-1)!.read !== read) looks.push(await look(read));
  return looks;
}

/** The seq of the oldest message that is drawn. */
async function oldest(page: Page): Promise<number> {
  return page.evaluate(() => Number(document.querySelector('[role=log] [data-seq]')?.getAttribute('data-seq')));
}

async function weigh(devtools: CDPSession, page: Page): Promise<Pick<Look, 'heap' | 'nodes'>> {
  await devtools.send('HeapProfiler.enable');
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  return { heap: usedSize, nodes: await page.evaluate(() => document.querySelectorAll('*').length) };
}

const MB = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
