import type { AccountLine } from '../../../shared/demo/account.js';
import type { EngineLine } from '../../../shared/demo/engine-record.js';

export const SERVICES = ['orders', 'inventory', 'notifications'] as const;
export type Service = (typeof SERVICES)[number];

/** An order that was answered with 202. */
export interface AcceptedOrder {
  readonly orderId: string;
  /** Of its message on `/order/status/`. */
  readonly messageId: string;
  readonly shipped: boolean;
}

/** What one service left behind. */
export interface Records {
  /** What it says that it did. */
  readonly account: readonly AccountLine[];
  /** What LeanMQ said in it. */
  readonly engine: readonly EngineLine[];
}

/** All that the verdict rests on. */
export interface Evidence {
  readonly accepted: readonly AcceptedOrder[];
  readonly records: Readonly<Record<Service, Records>>;
  /** Processes that were killed in the middle of their work. */
  readonly killedPids: readonly number[];
  /** How many dead letters of each service LeanMQ says that it replayed. */
  readonly replayed: Readonly<Record<Service, number>>;
}
