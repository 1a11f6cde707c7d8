// One measurement: a test that hands its rows to the report, and fails where a binding one misses its bar.
import { expect, test } from 'vitest';
import { fails, type Row } from './table.ts';

declare module 'vitest' {
  interface TaskMeta {
    rows?: Row[];
  }
}

export function measure(what: string, work: () => Promise<Row[]>): void {
  test(what, async ({ task }) => {
    const rows = await work();
    task.meta.rows = rows;
    expect(
      rows.filter(fails).map((row) => `${row.what}: ${row.figure}`),
      'bars that must hold on any machine',
    ).toEqual([]);
  });
}
