/**
 * Decides whether a request's time is near enough. A clock in seconds counts whole ones, as the senders' own libraries do:
 * exactly 300 s is still near. Pure.
 */
export function isFresh(sentAtMs: number, now: number, toleranceMs: number): boolean {
  const isInSeconds = sentAtMs % 1_000 === 0;
  const here = isInSeconds ? Math.floor(now / 1_000) * 1_000 : now;
  return Math.abs(here - sentAtMs) <= toleranceMs;
}
