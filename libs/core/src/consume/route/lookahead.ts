// About the time of a round trip to Redis and a turn of the event loop together.
const COVER_MS = 20;
// Larger reads are slower, not faster.
const MOST = 1_000;

/**
 * Decides how many messages a process reads ahead of its free slots, so that fast handlers never wait for Redis and slow
 * ones do not hoard messages that another process could run at once. Pure.
 *
 * @param slots the route's concurrency
 * @param meanRunMs mean duration of a handler, in ms; undefined before the first has ended
 */
export function lookahead(slots: number, meanRunMs: number | undefined): number {
  if (meanRunMs === undefined) return 0;
  return Math.min(MOST, Math.floor((slots * COVER_MS) / Math.max(meanRunMs, 0.001)));
}
