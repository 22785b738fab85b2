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
   * @param attempts how often a message is tried, where the publisher decides that; once unless told
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
  /** What the handlers do: `nothing` ends at once and may be awaited in turn; `waits` needs its slots. */
  readonly work: 'nothing' | 'waits';
  /** The payload is to be validated before the handler gets it. */
  readonly validated?: boolean;
  /** How often a message is tried, at once again each time; once unless told. */
  readonly attempts?: number;
  readonly handle: (order: Order) => Promise<void>;
}

export interface Consumer {
  /** How many messages were handed out and are not done yet, as the server has it. */
  unfinished(): Promise<number>;
  close(): Promise<unknown>;
}
