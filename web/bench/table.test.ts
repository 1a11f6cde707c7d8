import { expect, test } from 'vitest';
import { fails, type Row, table } from './table.ts';

const rows: Row[] = [
  { what: 'first load', figure: '29.1 kB', bar: '60 kB', met: true, binding: true, details: ['index.html 418 B'] },
  { what: 'first paint, cold', figure: '412 ms', bar: '300 ms', met: false },
  { what: 'axe', figure: '2 faults', bar: '0', met: false, binding: true },
  { what: 'frames', figure: '3' },
];

test('the table has a line for each row, its details below it, and counts the verdicts', () => {
  expect(table(rows).split('\n')).toEqual([
    'what               measured  bar     verdict',
    '-----------------  --------  ------  -------',
    'first load         29.1 kB   60 kB   met',
    '  index.html 418 B',
    'first paint, cold  412 ms    300 ms  missed',
    'axe                2 faults  0       FAILED',
    'frames             3',
    '',
    "bars: 1 met, 1 missed (told, not failed: times and memory are the machine's too), 1 failed",
  ]);
});

test('only what is the same on any machine fails a run', () => {
  expect(rows.filter(fails).map((row) => row.what)).toEqual(['axe']);
});
