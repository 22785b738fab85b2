const HOUR_MS = 3_600_000;
/** Part of an hour that is kept for a batch on its way: one that arrives late must still find what has been applied. */
const SPARE_MS = HOUR_MS / 2;

/**
 * How long Redis keeps a publisher's marker, which tells that a batch was applied: an hour, or longer where a send may
 * keep trying for more than half of that.
 */
export class MarkerTime {
  private longestMs: number;

  /** @param timeoutMs how long a send keeps trying unless told otherwise */
  constructor(timeoutMs: number) {
    this.longestMs = timeoutMs;
  }

  /** ms */
  get ttlMs(): number {
    return Math.max(HOUR_MS, this.longestMs + SPARE_MS);
  }

  /** A send may keep trying for so long. */
  include(timeoutMs: number): void {
    if (timeoutMs > this.longestMs) this.longestMs = timeoutMs;
  }
}
