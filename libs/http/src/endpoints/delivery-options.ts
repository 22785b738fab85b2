import type { RateLimit } from '@leanmq/core';

export const BODY_FORMATS = ['standard', 'raw', 'cloudevents'] as const;
/** `standard` is `{ type, timestamp, data }`, `raw` the data alone, `cloudevents` a structured CloudEvent 1.0. */
export type BodyFormat = (typeof BODY_FORMATS)[number];

export const WHILE_DISABLED = ['keep', 'skip'] as const;
/** Policy for messages to a disabled endpoint: kept up to `backlog`, or skipped with an entry in its log. */
export type WhileDisabled = (typeof WHILE_DISABLED)[number];

/** Options of delivery; what an endpoint does not set comes from its tenant, then from the module. */
export interface DeliveryOptions {
  readonly format?: BodyFormat;
  /** Time limit for a whole attempt, from the lookup of the name to the end of the answer, ms. */
  readonly timeoutMs?: number;
  /** Delay before each attempt, ms. The first is that of the first attempt; the length is the number of attempts. */
  readonly schedule?: readonly number[];
  /** Share by which a delay is changed at random, up or down. */
  readonly jitter?: number;
  /** The most that a receiver's `retry-after` delays an attempt, ms. */
  readonly retryAfterMaxMs?: number;
  /** Requests that may be under way at a time. */
  readonly concurrency?: number;
  /** Requests that may begin in any span of `perMs`. @default no limit */
  readonly rate?: RateLimit;
  /** Time without any success after which an endpoint that fails is disabled, ms. */
  readonly disableAfterMs?: number | 'never';
  readonly whileDisabled?: WhileDisabled;
  /** Messages that may wait for the endpoint; past it the oldest become dead letters without a body. */
  readonly backlog?: number;
}

/** Options of delivery after the merge. */
export type ResolvedDelivery = Required<Omit<DeliveryOptions, 'rate'>> & {
  readonly rate: RateLimit | undefined;
};

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

export const DELIVERY_DEFAULTS = Object.freeze({
  format: 'standard',
  // Standard Webhooks advises 15 to 30 s.
  timeoutMs: 20 * SECOND,
  // The schedule of Standard Webhooks 1.0.0: ten attempts over 75 h 35 min 5 s.
  schedule: Object.freeze([
    0,
    5 * SECOND,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
  ]),
  jitter: 0.2,
  retryAfterMaxMs: HOUR,
  concurrency: 10,
  rate: undefined,
  disableAfterMs: 5 * 24 * HOUR,
  whileDisabled: 'keep',
  backlog: 10_000,
} as const satisfies ResolvedDelivery);
