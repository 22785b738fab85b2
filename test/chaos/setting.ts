import type { RedisOptions } from 'ioredis';

/** The services that subscribe. What has expired, `a` discards and `b` keeps as a dead letter. */
export const GROUPS = ['a', 'b'] as const;
export type Group = (typeof GROUPS)[number];

/** Routes that keep all that was ever on their logs, so that a look at the end sees everything. */
export const KEPT = ['chaos/one', 'chaos/two', 'chaos/three'] as const;
/** A route whose handlers are idempotent by the payload's key. */
export const ONCE = 'chaos/once';
/** A route that keeps nothing that is finished. */
export const TRIMMED = 'chaos/trimmed';
export const PATHS = [...KEPT, ONCE, TRIMMED] as const;
export type Path = (typeof PATHS)[number];

export const PREFIX = 'chaos';

/** How the processes are set up; the checker rests on the same numbers. */
export const TIMES = Object.freeze({
  leaseMs: 3_000,
  // Longer than the longest handler that is meant to succeed, with room for a busy machine.
  handlerTimeoutMs: 8_000,
  drainTimeoutMs: 2_500,
  publishTimeoutMs: 8_000,
  blockMs: 1_000,
  silenceMs: 1_500,
  sweepMs: 500,
});
export const ATTEMPTS = 4;
export const MAX_CRASHES = 5;

/** Where Redis is, as it can be handed to another process. */
export type Target = string | RedisOptions;

export type TopologyName = 'standalone' | 'sentinel';
export type DurabilityName = 'memory' | '1' | '2';

/** What a process is started with. */
export interface ProcessSettings {
  /** Its place in the fleet, `a-0` for example; who replaces it has the same. */
  readonly slot: string;
  readonly redis: Target;
  /** Where it writes what it does. */
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
  /** When the plan began, epoch ms, and over what time its sends are spread. */
  readonly startAt: number;
  readonly durationMs: number;
  readonly durability: DurabilityName;
}
