import type { MessageHeaders } from '../message/index.js';
import type { CatchUp } from './catch-up.js';

/** Specification of a recurring send: `cron`, with its `timezone`, or `everyMs`. */
export type ScheduleSpec = {
  /** Name, unique under the prefix: 1 to 128 of `A-Z a-z 0-9 . _ : / -`. */
  readonly id: string;
  readonly path: string;
  readonly data: unknown;
  readonly headers?: MessageHeaders;
  /** Time to live of each of its messages, in ms from its publication. @default undefined (no limit) */
  readonly ttlMs?: number;
  /** Policy for instants at which no process was running. @default 'last' */
  readonly catchUp?: CatchUp;
} & (
  | {
      /** Five fields, six with seconds, or a name such as `@daily`. */
      readonly cron: string;
      /** IANA time zone of the expression. @default 'UTC' */
      readonly timezone?: string;
      readonly everyMs?: undefined;
    }
  | {
      /** Interval in ms, at least 1,000, counted from 1970-01-01 UTC. */
      readonly everyMs: number;
      readonly cron?: undefined;
      readonly timezone?: undefined;
    }
);

/** State of a recurring send. Instants are epoch ms on the server's clock. */
export interface Schedule<T = unknown> {
  readonly id: string;
  /** Canonical form of the path. */
  readonly path: string;
  readonly cron: string | undefined;
  readonly timezone: string | undefined;
  readonly everyMs: number | undefined;
  readonly data: T;
  readonly headers: MessageHeaders;
  readonly ttlMs: number | undefined;
  readonly catchUp: CatchUp;
  /** Next due instant. */
  readonly nextAt: number;
  /** Instant of its latest scheduled publication; undefined before the first. */
  readonly lastAt: number | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
}
