import { performance } from 'node:perf_hooks';

import type { Redis } from 'ioredis';

/**
 * Local estimate of the server's time. The monotonic clock advances the estimate, so steps of the local wall clock do
 * not matter. The estimate is the latest possible time: nothing counts as alive that may have expired.
 */
export class ServerClock {
  /** Bounds of the server clock's lead over the local one, in ms; each reading narrows them. */
  private least = Number.NaN;
  private most = Number.NaN;

  /**
   * @param serverMs the server's time in epoch ms, rounded down
   * @param askedAt time of the request, monotonic ms; a slow reply narrows the bounds little
   */
  sync(serverMs: number, askedAt: number): void {
    const least = serverMs - performance.now();
    const most = serverMs + 1 - askedAt;
    const [highest, lowest] = [Math.max(least, this.least), Math.min(most, this.most)];
    // The bounds contradict each other when a clock was set or drifts, or another server took over.
    const isNarrower = highest <= lowest;
    this.least = isNarrower ? highest : least;
    this.most = isNarrower ? lowest : most;
  }

  /** Reads the server's time. */
  async read(client: Redis): Promise<void> {
    const askedAt = performance.now();
    this.sync(await serverTime(client), askedAt);
  }

  /** Epoch ms on the server's clock; NaN before the first `sync`. */
  now(): number {
    return performance.now() + this.most;
  }
}

/** Returns the server's time in epoch ms, rounded down. */
export async function serverTime(client: Redis): Promise<number> {
  const [seconds, micros] = (await client.time()).map(Number) as [number, number];
  return seconds * 1_000 + Math.floor(micros / 1_000);
}
