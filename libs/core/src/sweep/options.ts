/** Which finished messages a log keeps, to look at and to replay. */
export type Retention = { readonly count: number } | { readonly ageMs: number };

export interface SweepOptions {
  readonly retention: Retention;
  /** How often each route is looked at when nothing is due, ms. */
  readonly sweepMs: number;
  /**
   * Whether this process promotes, expires and trims. One that only publishes may leave that to others, and needs fewer
   * permissions in Redis then; delayed and recurring sends wait until another process moves them.
   *
   * @default true
   */
  readonly tidy: boolean;
}

export const SWEEP_DEFAULTS: SweepOptions = Object.freeze({
  retention: Object.freeze({ count: 1_000 }),
  sweepMs: 5_000,
  tidy: true,
});
