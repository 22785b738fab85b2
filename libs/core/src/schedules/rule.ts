/** Rule of a recurring send. It is stored as JSON, with its fields in this order. */
export type RuleSpec =
  | {
      /** Five fields, six with seconds, or a name such as `@daily`. */
      readonly cron: string;
      /** IANA time zone of the expression. */
      readonly timezone: string;
    }
  | {
      /** Interval in ms, counted from 1970-01-01 UTC, so that all processes compute the same instants. */
      readonly everyMs: number;
    };

/** Instants of a rule. Pure: every process computes the same. */
export interface Rule {
  /** Returns the first instant after `afterMs`, epoch ms; Infinity for a rule that has ended. */
  next(afterMs: number): number;
}
