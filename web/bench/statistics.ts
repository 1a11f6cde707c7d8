// What is said of many measurements.

/** The value that so many of a hundred are at or below (nearest rank, so it is one that was measured). */
export function percentile(values: readonly number[], rank: number): number {
  if (values.length === 0) throw new Error('percentile: nothing was measured');
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1)]!;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const lower = percentile(values, 50);
  if (values.length % 2 === 1) return lower;
  return (lower + [...values].sort((a, b) => a - b)[values.length / 2]!) / 2;
}
