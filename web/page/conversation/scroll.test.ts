import { expect, test } from 'vitest';
import { rowsTo, Scrolled } from './view.ts';

const seq = (element: HTMLElement | undefined) => Number(element?.dataset.seq);

test('it follows what comes, and stays where one has scrolled to', () => {
  const log = new Scrolled(400);
  log.draws(rowsTo(50));
  expect([log.toEnd, log.scroll.atEnd]).toEqual([0, true]);
  log.draws(rowsTo(51));
  expect([log.toEnd, log.scroll.atEnd]).toEqual([0, true]);
  log.scrollsTo(log.view.scrollTop - 200);
  const seen = log.whole();
  log.draws(rowsTo(60));
  expect([log.whole(), log.scroll.atEnd]).toEqual([seen, false]);
});

test('who goes to a row in a log that has room for all of it is at its end, and follows', () => {
  const log = new Scrolled(400);
  log.draws(rowsTo(3));
  log.scroll.standAt('seq 2', 0);
  log.draws();
  expect(log.scroll.atEnd).toBe(true);
  log.draws(rowsTo(20));
  expect(log.toEnd).toBe(0);
});

test('who goes to a row from which the end is in view is at the end', () => {
  const log = new Scrolled(400);
  log.draws(rowsTo(50));
  log.scroll.standAt('seq 48', 0); // the browser scrolls no further than the end, where it was
  log.draws();
  expect([log.scroll.atEnd, log.toEnd]).toEqual([true, 0]);
  log.draws(rowsTo(51));
  expect(log.toEnd).toBe(0);
});

test('who goes to a row before a part that is not held is at no end', () => {
  const log = new Scrolled(400);
  log.live = false;
  log.draws(rowsTo(3));
  log.scroll.standAt('seq 2', 0);
  log.draws();
  expect(log.scroll.atEnd).toBe(false);
});

test.for([2, 20, 47, 200])('a row that must stay in sight does, where the end would have it %i px above', (above) => {
  const log = new Scrolled(400);
  log.draws(rowsTo(50));
  log.scroll.notPast = 'seq 51';
  const rows = rowsTo(51);
  for (let all = 60; all < 400 + above; all += 40) rows.push({ key: `seq ${rows.length + 1}`, height: 40 });
  const over = 400 - 8 - rows.slice(50).reduce((sum, { height }) => sum + height, 0);
  rows.at(-1)!.height += over + above; // so that at the end the first that is new begins so far above
  expect(log.draws(rows)).toBe(true); // and does not go back and forth
  expect(log.whole()[0]).toBe('seq 51');
  expect(log.scroll.atEnd).toBe(false);
  log.scroll.notPast = undefined; // somebody looks
  expect(log.draws()).toBe(true);
  expect(log.whole()[0]).toBe('seq 51');
  log.scrollsTo(log.view.scrollTop + above);
  expect(log.scroll.atEnd).toBe(true);
});

test('who has scrolled to the end follows, also where that is told after the next drawing', () => {
  const log = new Scrolled(400);
  log.draws(rowsTo(50));
  log.scrollsTo(log.view.scrollTop - 200);
  log.view.scrollTop += 200; // and the browser tells of it later
  log.scroll.restore();
  expect(log.scroll.atEnd).toBe(false);
  log.draws();
  expect(log.scroll.atEnd).toBe(true);
});

test('a row is read once its end is in view, the last one too', () => {
  const log = new Scrolled(400);
  log.draws(rowsTo(50));
  expect(seq(log.scroll.read().at(-1))).toBe(50);
  const end = log.view.scrollTop;
  for (const [above, atEnd] of [
    [41, false],
    [16, true],
  ] as const) {
    // 7 px of the last row are in view; nearly all of it
    log.scrollsTo(end - above);
    expect(log.scroll.atEnd).toBe(atEnd);
    expect(seq(log.scroll.read().at(-1))).toBe(49);
    expect(log.scroll.showsEnd).toBe(false);
  }
  log.scrollsTo(end - 6);
  expect(seq(log.scroll.read().at(-1))).toBe(50);
  expect(log.scroll.showsEnd).toBe(true); // all but what stands below the last row
});

test('the first row in view is known at the end too', () => {
  const log = new Scrolled(400);
  log.draws(rowsTo(50));
  expect(log.scroll.place).toBeUndefined();
  expect(log.scroll.first?.key).toBe(log.scroll.seen()[0]!.dataset.key);
});
