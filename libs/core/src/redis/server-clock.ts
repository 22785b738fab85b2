import { performance } from 'node:perf_hooks';

/**
 * The server's time, as far as it is known here. It is carried on by the monotonic clock, so that a step of this
 * machine's clock does not matter.
 */
export class ServerClock {
  private atServerMs = Number.NaN;
  private atLocalMs = 0;

  /** @param serverMs epoch ms, just read from the server */
  sync(serverMs: number): void {
    this.atServerMs = serverMs;
    this.atLocalMs = performance.now();
  }

  /** Epoch ms on the server's clock; NaN before the first `sync`. */
  now(): number {
    return this.atServerMs + (performance.now() - this.atLocalMs);
  }
}
