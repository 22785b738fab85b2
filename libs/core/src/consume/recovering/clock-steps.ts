// What NTP slews in a minute at most, and less than any lease.
const LEAST_STEP_MS = 1_000;

/** Notices that the server's clock was set, by comparing it with this process' monotonic clock. */
export class ClockSteps {
  /** Bounds of what the server's clock was ahead of the monotonic one at the last look, ms. */
  private least = Number.NaN;
  private most = Number.NaN;

  /**
   * @param serverMs epoch ms, as the server told it between `askedAt` and `answeredAt`, monotonic ms
   * @returns how far the clock was set since the last look, at least; negative when it was set back, 0 when it was not
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
