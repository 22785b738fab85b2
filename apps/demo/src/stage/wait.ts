import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 25;

/**
 * Waits until it holds.
 *
 * @param what completes the sentence "… in 30 s: …"; asked when it is too late
 * @returns what `probe` returned when it was neither `false` nor `undefined`
 */
export async function until<T>(
  probe: () => T | false | undefined | Promise<T | false | undefined>,
  what: () => string,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== false && found !== undefined) return found;
    if (performance.now() > deadline) {
      throw new Error(`not within ${timeoutMs / 1_000} s: ${what()}`);
    }
    await sleep(EVERY_MS);
  }
}

/** Starts a stopwatch; the returned function gives the elapsed time as text. */
export function stopwatch(): () => string {
  const startedAt = performance.now();
  return () => `${((performance.now() - startedAt) / 1_000).toFixed(1)} s`;
}
