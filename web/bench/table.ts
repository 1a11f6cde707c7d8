// A row of the table, and the table as it is printed.

export interface Row {
  what: string;
  /** What was measured, with its unit. */
  figure: string;
  /** What was asked for; a row without it is for information. */
  bar?: string;
  met?: boolean;
  /** It comes out the same on any machine, so missing its bar fails the run. A time never does. */
  binding?: boolean;
  /** Lines that stand below the row. */
  details?: string[];
}

export function verdict(row: Row): string {
  if (row.met === undefined) return '';
  if (row.met) return 'met';
  return row.binding ? 'FAILED' : 'missed';
}

export function fails(row: Row): boolean {
  return verdict(row) === 'FAILED';
}

/** The rows in columns; the last line counts the verdicts. */
export function table(rows: readonly Row[]): string {
  const head = ['what', 'measured', 'bar', 'verdict'];
  const cells = rows.map((row) => [row.what, row.figure, row.bar ?? '', verdict(row)]);
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((line) => line[column]!.length)));
  const line = (texts: string[]) =>
    texts
      .map((text, column) => text.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  const body = cells.flatMap((texts, index) => [
    line(texts),
    ...(rows[index]!.details ?? []).map((detail) => `  ${detail}`),
  ]);
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body, '', summary(rows)].join('\n');
}

function summary(rows: readonly Row[]): string {
  const count = (wanted: string) => rows.filter((row) => verdict(row) === wanted).length;
  return `bars: ${count('met')} met, ${count('missed')} missed (told, not failed: times and memory are the machine's too), ${count('FAILED')} failed`;
}
