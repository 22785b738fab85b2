// More than NTP slews in a minute, and less than any lease.
const LEAST_STEP_MS = 1_000;

/** Detects that the server's clock was set, by comparing it with this process' monotonic clock. */
export class ClockSteps {
  /** Bounds of the difference between the server's clock and the monotonic one at the last check, ms. */
  private least = Number.NaN;
  private most = Number.NaN;

  /**
   * @param serverMs epoch ms that the server returned between `askedAt` and `answeredAt`, monotonic ms
   * @returns the least amount by which the clock was set since the last check; negative when set back, 0 when not set
   */
  note(serverMs: number, askedAt: number, answeredAt: number): number {
    const least = serverMs - answeredAt;
    const most = serverMs + 1 - askedAt;
    const backMs = this.least - most;
    const forwardMs = least - this.most;
    [this.least, this.most] = [least, most];
    if (backMs >= LEAST_STEP_MS) return -backMs;
    return forwardMs >= LEAST_STEP_MS ? forwardMs : 0;
  }
}
