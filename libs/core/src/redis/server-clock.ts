import { performance } from 'node:perf_hooks';

import type { Redis } from 'ioredis';

/**
 * The server's time, as far as it is known here. It is carried on by the monotonic clock, so that a step of this
 * machine's clock does not matter. Of what is possible it is the latest: nothing counts as alive that may have expired.
 */
export class ServerClock {
  /** Bounds of what the server's clock is ahead of the local one, ms; each reading narrows them. */
  private least = Number.NaN;
  private most = Number.NaN;

  /**
   * @param serverMs epoch ms, just read from the server, rounded down
   * @param askedAt when it was asked, monotonic ms; a reply that was long on its way says little
   */
  sync(serverMs: number, askedAt: number): void {
    const least = serverMs - performance.now();
    const most = serverMs + 1 - askedAt;
    const [highest, lowest] = [Math.max(least, this.least), Math.min(most, this.most)];
    // They exclude each other when a clock was set, another server took over, or one of them drifts.
    const isNarrower = highest <= lowest;
    this.least = isNarrower ? highest : least;
    this.most = isNarrower ? lowest : most;
  }

  /** Asks the server. */
  async read(client: Redis): Promise<void> {
    const askedAt = performance.now();
    this.sync(await serverTime(client), askedAt);
  }

  /** Epoch ms on the server's clock; NaN before the first `sync`. */
  now(): number {
    return performance.now() + this.most;
  }
}

/** The server's time, epoch ms, rounded down. */
export async function serverTime(client: Redis): Promise<number> {
  const [seconds, micros] = (await client.time()).map(Number) as [number, number];
  return seconds * 1_000 + Math.floor(micros / 1_000);
}
