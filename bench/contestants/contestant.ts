import type { Order } from '../payload.js';

export const CONTESTANTS = [
  'raw',
  'core',
  'nest',
  'bullmq',
  'nest-transport',
  'nats',
  'rabbitmq',
] as const;

export type ContestantName = (typeof CONTESTANTS)[number];

/** A way to get messages from one process to another. */
export interface Contestant {
  /**
   * @param url of a server that nobody else uses
   * @param attempts per message, where the publisher decides that; 1 when absent
   */
  publisher(url: string, attempts?: number): Promise<Publisher>;
  /** Absent where nothing waits for a consumer that is not there. */
  consumer?(url: string, plan: ConsumePlan): Promise<Consumer>;
  /** Makes a path known before anything is published to it, where that is necessary. */
  prepare?(url: string, paths: readonly string[]): Promise<void>;
}

export interface Publisher {
  /** Resolves when the server has it. */
  publish(path: string, order: Order): Promise<unknown>;
  publishMany(path: string, orders: readonly Order[]): Promise<unknown>;
  /** All or nothing. */
  transaction?(sends: readonly Send[]): Promise<unknown>;
  close(): Promise<unknown>;
}

export interface Send {
  readonly path: string;
  readonly order: Order;
}

export interface ConsumePlan {
  readonly paths: readonly string[];
  /** Handlers at the same time, for each path. */
  readonly concurrency: number;
  /** Work of the handlers: `nothing` ends at once and may be awaited in turn; `waits` needs its slots. */
  readonly work: 'nothing' | 'waits';
  /** True when the payload is validated before the handler gets it. */
  readonly validated?: boolean;
  /** Attempts per message, retried without a delay. @default 1 */
  readonly attempts?: number;
  readonly handle: (order: Order) => Promise<void>;
}

export interface Consumer {
  /** Returns how many delivered messages are still unfinished, according to the server. */
  unfinished(): Promise<number>;
  close(): Promise<unknown>;
}
