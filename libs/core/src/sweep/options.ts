/** Limit on the finished messages that a log keeps, for inspection and replay. */
export type Retention = { readonly count: number } | { readonly ageMs: number };

export interface SweepOptions {
  readonly retention: Retention;
  /** Interval at which each queue is swept when nothing is due, in ms. @default 5_000 */
  readonly sweepMs: number;
  /**
   * Set false for a process that only publishes: it leaves promoting, expiring and trimming to others and needs fewer
   * Redis permissions. Its delayed and recurring sends wait until another process moves them.
   * @default true
   */
  readonly tidy: boolean;
}

export const SWEEP_DEFAULTS: SweepOptions = Object.freeze({
  retention: Object.freeze({ count: 1_000 }),
  sweepMs: 5_000,
  tidy: true,
});
