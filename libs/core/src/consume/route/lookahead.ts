// As long as a round trip to Redis and the event loop's turn may take together.
const COVER_MS = 20;
// More than this in one read makes the reads slower, not faster.
const MOST = 1_000;

/**
 * How many messages a process reads ahead of its free slots, so that fast handlers never wait for Redis while slow ones
 * do not hoard what another process could run at once. Pure.
 *
 * @param slots the route's concurrency
 * @param meanRunMs how long a handler has been taking, ms; undefined before the first has ended
 */
export function lookahead(slots: number, meanRunMs: number | undefined): number {
  if (meanRunMs === undefined) return 0;
  return Math.min(MOST, Math.floor((slots * COVER_MS) / Math.max(meanRunMs, 0.001)));
}
