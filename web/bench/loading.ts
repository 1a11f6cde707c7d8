// How long it takes until there is something to see, and until somebody who has a name can type.
import type { Browser, Page } from 'playwright-core';
import type { Server } from '../test/server.ts';
import { seed } from './seed.ts';
import { median, percentile } from './statistics.ts';
import type { Row } from './table.ts';
import { arrives, type Known, known } from './visitor.ts';

const loads = 12;
const slowed = 4; // times, as a phone of the middle class beside this machine
const warmUps = 3; // Chromium keeps compiled code from the second or third load on
const bars = { paint: 1000, type: 1500 }; // ms; ours, tighter than the 1.8 s that web.dev calls a good first paint

interface Load {
  paint: number; // ms since the address was entered
  type: number;
}

export async function loading(browser: Browser, server: Server): Promise<Row[]> {
  await seed(server.url, 'lobby', 100);
  const ann = await known(browser, server.url);
  const cold: Load[] = [];
  for (let n = 0; n < loads; n++) cold.push(...(await visit(browser, server, ann, 1)));
  const warm = (await visit(browser, server, ann, warmUps + loads)).slice(warmUps);
  return [
    row('first paint, cold cache', cold, 'paint'),
    row('first paint, warm cache', warm, 'paint'),
    row('can type, cold cache', cold, 'type'),
    row('can type, warm cache', warm, 'type'),
  ];
}

function row(what: string, all: Load[], which: keyof Load): Row {
  const times = all.map((load) => load[which]);
  const figure = `${ms(median(times))} median, ${ms(percentile(times, 95))} p95`;
  return {
    what: `${what}, CPU ${slowed} times slower`,
    figure,
    bar: `≤ ${ms(bars[which])} p95`,
    met: percentile(times, 95) <= bars[which],
  };
}

/** Opens the lobby so many times in one new browser. */
async function visit(browser: Browser, server: Server, ann: Known, times: number): Promise<Load[]> {
  const { page, devtools, end } = await arrives(browser, server.url, ann);
  await page.addInitScript(watchComposer);
  const found: Load[] = [];
  for (let n = 0; n < times; n++) {
    await page.goto(`${server.url}/healthz`); // one process for both pages, so that it stays slowed
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: slowed });
    await page.goto(`${server.url}/c/lobby`, { waitUntil: 'commit' });
    found.push(await timesOf(page));
  }
  await end();
  return found;
}

/**
 * Runs in the page before its own scripts: notes when the composer can be written in, and the frame with it is drawn.
 */
function watchComposer(): void {
  const composer = () =>
    document.querySelector<HTMLElement>('main :is(textarea, [role=textbox]):enabled, main [contenteditable]');
  const look = () => {
    if (!composer()) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => performance.mark('can-type'))); // after this frame's layout and paint
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { childList: true, subtree: true, attributes: true });
}

async function timesOf(page: Page): Promise<Load> {
  const read = await page.waitForFunction(
    () => {
      const paint = performance.getEntriesByName('first-contentful-paint')[0];
      const type = performance.getEntriesByName('can-type')[0];
      // nobody types into what is not drawn
      return paint && type && { paint: paint.startTime, type: Math.max(paint.startTime, type.startTime) };
    },
    undefined,
    { polling: 100 },
  ); // seldom, so that the asking does not slow what it asks about
  await page.getByRole('textbox', { name: /^Message to/ }).fill('it takes what is typed');
  const times = await read.jsonValue();
  if (!times) throw new Error('loading: the browser noted no times');
  return times;
}

const ms = (time: number) => `${Math.round(time)} ms`;
