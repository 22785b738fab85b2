const HOUR_MS = 3_600_000;
/** Reserve for a batch on its way, in ms: a repeated batch that arrives late must still find its marker. */
const SPARE_MS = HOUR_MS / 2;

/**
 * Decides how long Redis keeps a publisher's marker, which records the last applied batch: an hour, or longer when a send
 * may keep trying for more than half an hour.
 */
export class MarkerTime {
  private longestMs: number;

  /** @param timeoutMs default time limit of a send, in ms */
  constructor(timeoutMs: number) {
    this.longestMs = timeoutMs;
  }

  /** Time to live of a marker, in ms. */
  get ttlMs(): number {
    return Math.max(HOUR_MS, this.longestMs + SPARE_MS);
  }

  /** Takes the time limit of a send into account, in ms. */
  include(timeoutMs: number): void {
    if (timeoutMs > this.longestMs) this.longestMs = timeoutMs;
  }
}
