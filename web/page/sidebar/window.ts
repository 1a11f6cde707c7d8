// Which rows of a long list can be seen. The rest are not drawn.

export interface Span {
  /** The first row to draw, and the one after the last. */
  from: number;
  to: number;
}

const spare = 6; // rows drawn beyond each edge, for a quick finger

/** Where each row begins, and at the end where the last one ends. */
export function offsets(heights: number[]): number[] {
  const tops = [0];
  for (const height of heights) tops.push(tops.at(-1)! + height);
  return tops;
}

export function spanOf(tops: number[], scrolled: number, height: number): Span {
  const count = tops.length - 1;
  const first = rowAt(tops, scrolled);
  const last = rowAt(tops, scrolled + height);
  return { from: Math.max(0, first - spare), to: Math.min(count, last + 1 + spare) };
}

/** The row at a height, by bisection. */
function rowAt(tops: number[], y: number): number {
  let low = 0;
  let high = tops.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (tops[middle]! <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}
