export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws {RangeError} when `values` is empty */
export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: median(sorted),
    min: sorted[0] as number,
    max: sorted.at(-1) as number,
  };
}

/** @throws {RangeError} when `values` is empty */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('The median of nothing was asked for.');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/**
 * The least value that at least that part of all is not above (nearest rank).
 *
 * @param part 0.99 for the 99th percentile
 * @throws {RangeError} when `values` is empty
 */
export function percentile(values: ArrayLike<number>, part: number): number {
  if (values.length === 0) throw new RangeError('A percentile of nothing was asked for.');
  const sorted = Float64Array.from(values).sort();
  const rank = Math.ceil(part * sorted.length);
  return sorted[Math.max(rank, 1) - 1] as number;
}
