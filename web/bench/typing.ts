// How long a key takes to its glyph while messages stream into the conversation that is open.
//
// Measured by Event Timing: an entry's duration runs from the time that the browser stamped on the key when it came in,
// not when a handler got to it, to the presentation of the next frame, rounded to 8 ms. A trace's EventLatency (from
// the same stamp to `Presented`) was held beside it once: the same to within that rounding, and tracing itself slows
// the page. Of a key's events only `keydown` carries that stamp; `input` is stamped when it is made, which leaves the
// waiting out.
//
// There is no row for a quiet conversation: Chromium without a window presents no frame for the composer alone (its
// compositor finds nothing to draw anew, until something else on the page changes), so that the time would be that of
// the next change.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { binary, type Server } from '../test/server.ts';
import { median, percentile } from './statistics.ts';
import type { Row } from './table.ts';
import { Unwatched } from './unwatched.ts';

const rate = 500; // messages a second
const keys = 200;
const gap = 100; // ms between two keys: somebody who types fast
const bar = 50; // ms
const shortest = 16; // ms; what is shorter makes no entry, and is counted as this
const conversation = 'load-0';

export async function typing(server: Server): Promise<Row[]> {
  const page = await Unwatched.at(`${server.url}/c/${conversation}`, () =>
    localStorage.setItem('verbatim.name', 'ann'),
  );
  const stream = startStream(server.url);
  try {
    await page.until(() => document.querySelector('[role=log] [data-seq]') !== null);
    return await typedInto(page);
  } finally {
    stream.kill('SIGINT');
    await once(stream, 'exit');
    await page.close();
  }
}

async function typedInto(page: Unwatched): Promise<Row[]> {
  const before = await lastDrawn(page);
  const started = performance.now();
  const busy = await typedBy(page);
  const drawn = Math.round(((await lastDrawn(page)) - before) / ((performance.now() - started) / 1000));
  return [
    {
      what: `key to glyph at ${rate} messages a second`,
      figure: shown(busy.times),
      bar: `≤ ${bar} ms p95`,
      met: percentile(busy.times, 95) <= bar,
    },
    {
      what: '… frames over 50 ms meanwhile',
      figure: `${busy.slowFrames.length}, longest ${Math.round(Math.max(0, ...busy.slowFrames))} ms, in ${(keys * gap) / 1000} s`,
    },
    { what: '… messages drawn meanwhile', figure: `${drawn} a second` },
  ];
}

/**
 * A process of its own, so that this one's work is not in the sender's way. The sender's is open loop: it waits for
 * nobody.
 */
function startStream(url: string): ChildProcess {
  const shape = ['--members', '1', '--publishers', '1', '--rate', String(rate), '--warmup', '1s', '--duration', '10m'];
  return spawn(binary, ['load', url, ...shape], { stdio: 'ignore' });
}

interface Typed {
  times: number[]; // ms from each key to the frame that shows it
  slowFrames: number[]; // ms
}

/** Types at an even pace whatever the page does, for a page that hangs must not slow who types. */
async function typedBy(page: Unwatched): Promise<Typed> {
  await page.evaluate(() => document.querySelector<HTMLElement>('#message')!.focus());
  await page.evaluate(observe);
  const before = await keysSeen(page);
  const start = performance.now();
  const presses: Promise<void>[] = [];
  for (let n = 0; n < keys; n++) {
    await new Promise((due) => setTimeout(due, Math.max(0, start + n * gap - performance.now())));
    presses.push(page.press('verbatim '[n % 9]!));
  }
  await Promise.all(presses);
  const { times, slowFrames } = await page.evaluate(observed);
  const seen = (await keysSeen(page)) - before;
  const text = await page.evaluate(() => document.querySelector<HTMLTextAreaElement>('#message')!.value);
  if (seen !== keys || text.length !== keys)
    throw new Error(`typing: ${keys} keys, of which ${seen} came and ${text.length} were written`);
  return { times: [...times, ...Array<number>(keys - times.length).fill(shortest)], slowFrames };
}

interface Observing {
  times: number[];
  slowFrames: number[];
  observers: PerformanceObserver[];
}

function observe(): void {
  const observing: Observing = { times: [], slowFrames: [], observers: [] };
  const observer = (
    type: string,
    list: number[],
    wanted: (entry: PerformanceEntry) => boolean,
    durationThreshold?: number,
  ) => {
    const made = new PerformanceObserver((entries) =>
      entries
        .getEntries()
        .filter(wanted)
        .forEach((entry) => list.push(entry.duration)),
    );
    made.observe({
      type,
      ...(durationThreshold === undefined ? {} : { durationThreshold }),
    } as PerformanceObserverInit);
    observing.observers.push(made);
  };
  observer('event', observing.times, (entry) => entry.name === 'keydown', 16);
  observer('long-animation-frame', observing.slowFrames, () => true);
  (globalThis as unknown as { observing: Observing }).observing = observing;
}

/** Waits for the last key's frame and its entry, and hands over what came. */
async function observed(): Promise<Pick<Observing, 'times' | 'slowFrames'>> {
  await new Promise((frame) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(frame, 100))));
  const { observing } = globalThis as unknown as { observing: Observing };
  for (const observer of observing.observers) observer.disconnect();
  return { times: observing.times, slowFrames: observing.slowFrames };
}

async function keysSeen(page: Unwatched): Promise<number> {
  return page.evaluate(
    () => (performance as unknown as { eventCounts: Map<string, number> }).eventCounts.get('keydown') ?? 0,
  );
}

/** The seq of the newest message that is drawn: whether the page keeps up at all. */
async function lastDrawn(page: Unwatched): Promise<number> {
  return page.evaluate(() =>
    Number([...document.querySelectorAll('[role=log] [data-seq]')].at(-1)?.getAttribute('data-seq')),
  );
}

const shown = (times: number[]) =>
  `${Math.round(median(times))} ms median, ${Math.round(percentile(times, 95))} ms p95`;
