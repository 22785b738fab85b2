import type { AccountLine } from '../../../shared/demo/account.js';
import type { EngineLine } from '../../../shared/demo/engine-record.js';

export const SERVICES = ['orders', 'inventory', 'notifications'] as const;
export type Service = (typeof SERVICES)[number];

/** An order that was answered with 202. */
export interface AcceptedOrder {
  readonly orderId: string;
  /** Id of its message on `/order/status/`. */
  readonly messageId: string;
  readonly shipped: boolean;
}

/** Records that one service left behind. */
export interface Records {
  /** The service's own account of its work. */
  readonly account: readonly AccountLine[];
  /** Events that LeanMQ emitted in the service. */
  readonly engine: readonly EngineLine[];
}

/** All that the verdict rests on. */
export interface Evidence {
  readonly accepted: readonly AcceptedOrder[];
  readonly records: Readonly<Record<Service, Records>>;
  /** Processes that were killed in the middle of their work. */
  readonly killedPids: readonly number[];
  /** Number of dead letters that LeanMQ reports as replayed, by service. */
  readonly replayed: Readonly<Record<Service, number>>;
}
