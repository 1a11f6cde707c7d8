// Which rows are drawn, out of all that are held: those near what is read, and for the others the height that they
// would take. A library for this (virtua, @tanstack/virtual-core) counts from the top by index; here both ends slide
// while one reads, so everything counts from the row that is read, the anchor.

/** A row, and where its upper edge is, in pixels below the upper edge of the view. */
export interface Anchor {
  key: string;
  top: number;
}

/** The rows from index `from` to before `to`, and the heights of what is above and below them. */
export interface Extent {
  from: number;
  to: number;
  above: number;
  below: number;
}

export interface Sized {
  key: string;
  /** How high it may be, in pixels, as long as nobody has measured. */
  guess: number;
}

const maxMeasured = 20_000; // heights; older ones are measured again

export class Heights {
  private readonly measured = new Map<string, number>();

  of(row: Sized): number {
    return this.measured.get(row.key) ?? row.guess;
  }

  set(key: string, height: number): void {
    if (this.measured.size >= maxMeasured) this.measured.clear();
    this.measured.set(key, height);
  }

  /** The width has changed, and with it every height. */
  clear(): void {
    this.measured.clear();
  }

  sum(rows: Sized[], from: number, to: number): number {
    let sum = 0;
    for (let index = from; index < to; index++) sum += this.of(rows[index]!);
    return sum;
  }
}

/**
 * The rows that fill a view of this height around the anchor, and `margin` pixels before and after it; without an
 * anchor, its end.
 */
export function extentAround(
  rows: Sized[],
  heights: Heights,
  anchor: Anchor | undefined,
  view: number,
  margin: number,
): Extent {
  const { from, to } = rangeAround(rows, heights, anchor, view, margin);
  return { from, to, above: heights.sum(rows, 0, from), below: heights.sum(rows, to, rows.length) };
}

export function rangeAround(
  rows: Sized[],
  heights: Heights,
  anchor: Anchor | undefined,
  view: number,
  margin: number,
): { from: number; to: number } {
  const found = anchor ? rows.findIndex((row) => row.key === anchor.key) : -1;
  const start = found < 0 ? rows.length : found;
  const top = found < 0 ? view : anchor!.top;
  let [from, to] = [start, start];
  for (let edge = top; from > 0 && edge > -margin; from--) edge -= heights.of(rows[from - 1]!);
  for (let edge = top; to < rows.length && edge < view + margin; to++) edge += heights.of(rows[to]!);
  return { from, to };
}

/** The row at so many pixels below the upper edge of the first one. */
export function rowAt(rows: Sized[], heights: Heights, distance: number): Anchor | undefined {
  let top = -distance;
  for (const row of rows) {
    const height = heights.of(row);
    if (top + height > 0) return { key: row.key, top };
    top += height;
  }
  return rows.length > 0 ? { key: rows.at(-1)!.key, top: top - heights.of(rows.at(-1)!) } : undefined;
}
