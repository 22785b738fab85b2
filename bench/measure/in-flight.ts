/**
 * Runs a job `total` times, `limit` of them at once: each that ends makes room for the next. Fails with the first that
 * fails.
 */
export function inFlight(
  total: number,
  limit: number,
  job: (index: number) => Promise<unknown>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let begun = 0;
    let ended = 0;
    const next = (): void => {
      ended += 1;
      if (begun < total) job(begun++).then(next, reject);
      else if (ended === total) resolve();
    };
    if (total === 0) resolve();
    while (begun < Math.min(limit, total)) job(begun++).then(next, reject);
  });
}
