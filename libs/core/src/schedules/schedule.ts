import type { MessageHeaders } from '../message/index.js';
import type { CatchUp } from './catch-up.js';

/** A recurring send as it is to be: `cron`, with its `timezone`, or `everyMs`. */
export type ScheduleSpec = {
  /** Its name, unique under the prefix: 1 to 128 of `A-Z a-z 0-9 . _ : / -`. */
  readonly id: string;
  readonly path: string;
  readonly data: unknown;
  readonly headers?: MessageHeaders;
  /** How long each of its messages may wait for a handler, ms; counted from when it is published. */
  readonly ttlMs?: number;
  /** What becomes of instants that nobody was there for; `last` unless told. */
  readonly catchUp?: CatchUp;
} & (
  | {
      /** Five fields, six with seconds, or a name such as `@daily`. */
      readonly cron: string;
      /** IANA time zone that the expression is meant in; UTC unless told. */
      readonly timezone?: string;
      readonly everyMs?: undefined;
    }
  | {
      /** Every so many ms, 1,000 or more, counted from 1970-01-01 UTC. */
      readonly everyMs: number;
      readonly cron?: undefined;
      readonly timezone?: undefined;
    }
);

/** A recurring send as it is. Instants are epoch ms on the server's clock. */
export interface Schedule<T = unknown> {
  readonly id: string;
  /** In its canonical form. */
  readonly path: string;
  readonly cron: string | undefined;
  readonly timezone: string | undefined;
  readonly everyMs: number | undefined;
  readonly data: T;
  readonly headers: MessageHeaders;
  readonly ttlMs: number | undefined;
  readonly catchUp: CatchUp;
  /** When it is due next. */
  readonly nextAt: number;
  /** When it published last by itself; undefined when it has not yet. */
  readonly lastAt: number | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
}
