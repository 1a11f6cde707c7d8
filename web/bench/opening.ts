// Whether a conversation of a million messages opens as fast as one of a hundred.
import type { Browser, Page } from 'playwright-core';
import type { Server } from '../test/server.ts';
import { seed } from './seed.ts';
import { median } from './statistics.ts';
import type { Row } from './table.ts';
import { arrives, type Known, known } from './visitor.ts';

const rounds = 12; // one opening of each conversation in a round, by turns first
const bar = 1.2;
const sizes = { million: 1_000_000, hundred: 100 };
type Which = keyof typeof sizes;

export async function opening(browser: Browser, server: Server): Promise<Row[]> {
  for (const [conversation, count] of Object.entries(sizes)) {
    await seed(server.url, conversation, count);
    await server.post(conversation, 'bob', newest(conversation));
  }
  const ann = await known(browser, server.url);
  return [
    await compare('clicked in the list', (which) => fromTheList(browser, server.url, ann, which)),
    await compare('by its address', (which) => byItsAddress(browser, server.url, ann, which)),
  ];
}

const newest = (conversation: string) => `the newest of the ${conversation}`;

async function compare(how: string, open: (which: Which) => Promise<number>): Promise<Row> {
  const times: Record<Which, number[]> = { million: [], hundred: [] };
  for (let round = 0; round < rounds; round++) {
    const order: Which[] = round % 2 === 0 ? ['million', 'hundred'] : ['hundred', 'million'];
    for (const which of order) times[which].push(await open(which));
  }
  const ratio = median(times.million) / median(times.hundred);
  const medians = `${Math.round(median(times.million))} ms to ${Math.round(median(times.hundred))} ms`;
  return {
    what: `opening 1,000,000 to 100 messages, ${how}`,
    figure: `${ratio.toFixed(2)} (${medians}, medians of ${rounds})`,
    bar: `≤ ${bar.toFixed(2)}`,
    met: ratio <= bar,
  };
}

/** From the click until the newest message is drawn, in a page that has not shown that conversation before. */
async function fromTheList(browser: Browser, url: string, ann: Known, which: Which): Promise<number> {
  const { page, end } = await arrives(browser, url, ann);
  await page.goto(`${url}/c/lobby`);
  const link = page.getByRole('navigation', { name: 'Conversations' }).getByRole('link', { name: which });
  await link.waitFor();
  await page.waitForLoadState('networkidle');
  await page.evaluate(() =>
    addEventListener('click', (event) => performance.mark('asked', { startTime: event.timeStamp }), {
      capture: true,
      once: true,
    }),
  );
  await page.evaluate(watchFor, newest(which));
  await link.click();
  const time = await drawn(page, 'asked');
  await end();
  return time;
}

/** From the address until the newest message is drawn, in a new browser. */
async function byItsAddress(browser: Browser, url: string, ann: Known, which: Which): Promise<number> {
  const { page, end } = await arrives(browser, url, ann);
  await page.addInitScript(watchFor, newest(which));
  await page.goto(`${url}/c/${which}`, { waitUntil: 'commit' });
  const time = await drawn(page);
  await end();
  return time;
}

/** Runs in the page: notes when the log has a text, and the frame with it is drawn. */
function watchFor(text: string): void {
  const look = () => {
    if (!document.querySelector('[role=log]')?.textContent?.includes(text)) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => performance.mark('drawn')));
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { childList: true, subtree: true, characterData: true });
}

async function drawn(page: Page, since?: string): Promise<number> {
  const time = await page.waitForFunction((from) => {
    const mark = performance.getEntriesByName('drawn')[0];
    const start = from === undefined ? 0 : performance.getEntriesByName(from)[0]?.startTime;
    return mark && start !== undefined ? mark.startTime - start : undefined;
  }, since);
  const found = await time.jsonValue();
  if (found === undefined) throw new Error('opening: the browser noted no time');
  return found;
}
