import type { RedisOptions } from 'ioredis';

/** The services that subscribe. Group `a` discards expired messages; `b` keeps them as dead letters. */
export const GROUPS = ['a', 'b'] as const;
export type Group = (typeof GROUPS)[number];

/** Queues that keep every entry of their logs, for the check at the end. */
export const KEPT = ['chaos/one', 'chaos/two', 'chaos/three'] as const;
/** A queue whose handlers are idempotent by the payload's key. */
export const ONCE = 'chaos/once';
/** A queue that keeps no finished messages. */
export const TRIMMED = 'chaos/trimmed';
export const PATHS = [...KEPT, ONCE, TRIMMED] as const;
export type Path = (typeof PATHS)[number];

export const PREFIX = 'chaos';

/** Options of the processes, in ms; the checker relies on the same numbers. */
export const TIMES = Object.freeze({
  leaseMs: 3_000,
  // Leaves room for the longest successful handler on a busy machine.
  handlerTimeoutMs: 8_000,
  drainTimeoutMs: 2_500,
  publishTimeoutMs: 8_000,
  blockMs: 1_000,
  silenceMs: 1_500,
  sweepMs: 500,
});
export const ATTEMPTS = 4;
export const MAX_CRASHES = 5;

/** Address of Redis, in a form that can be passed to another process. */
export type Target = string | RedisOptions;

export type TopologyName = 'standalone' | 'sentinel';
export type DurabilityName = 'memory' | '1' | '2';

/** Settings that a process receives at its start. */
export interface ProcessSettings {
  /** Place in the fleet, such as `a-0`; a replacement gets the same one. */
  readonly slot: string;
  readonly redis: Target;
  /** File of the process's history. */
  readonly history: string;
}

export interface ConsumerSettings extends ProcessSettings {
  readonly group: Group;
  readonly concurrency: number;
}

export interface PublisherSettings extends ProcessSettings {
  readonly seed: number;
  readonly messages: number;
  readonly large: number;
  readonly backlog: number;
  /** The part of the plan that this process publishes: the whole backlog, or every `of`-th operation after it. */
  readonly share: 'backlog' | { readonly index: number; readonly of: number };
  /** Start of the plan, epoch ms. Its sends are spread over `durationMs`. */
  readonly startAt: number;
  readonly durationMs: number;
  readonly durability: DurabilityName;
}
