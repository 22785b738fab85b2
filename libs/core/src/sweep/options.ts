/** Which finished messages a log keeps, to look at and to replay. */
export type Retention = { readonly count: number } | { readonly ageMs: number };

export interface SweepOptions {
  readonly retention: Retention;
  /** How often each route is looked at when nothing is due, ms. */
  readonly sweepMs: number;
}

export const SWEEP_DEFAULTS: SweepOptions = Object.freeze({
  retention: Object.freeze({ count: 1_000 }),
  sweepMs: 5_000,
});
