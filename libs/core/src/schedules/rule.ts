/** When a recurring send is due. It is stored as JSON, with its fields in this order. */
export type RuleSpec =
  | {
      /** Five fields, six with seconds, or a name such as `@daily`. */
      readonly cron: string;
      /** IANA time zone that the expression is meant in. */
      readonly timezone: string;
    }
  | {
      /** Every so many ms, counted from 1970-01-01 UTC, so that all processes mean the same instants. */
      readonly everyMs: number;
    };

/** The instants of a rule. Pure: every process computes the same. */
export interface Rule {
  /** The first instant after `afterMs`, epoch ms; Infinity when there is none. */
  next(afterMs: number): number;
}
