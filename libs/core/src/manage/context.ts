import type { MessageLimits } from '../message/index.js';
import type { Connection, Keys, Registry } from '../redis/index.js';

/** Counts of one sweep of a queue. */
export interface SweepCounts {
  /** Entries moved from the schedule to where they were due. */
  readonly promoted: number;
  /** Messages whose time to live has passed. */
  readonly expired: number;
  /** Finished entries that were removed from the log. */
  readonly trimmed: number;
}

/** Parts of the engine that the management calls need. */
export interface ManageContext {
  readonly connection: Connection;
  readonly keys: Keys;
  readonly registry: Registry;
  /** Resolves when there is a connection. */
  readonly ready: () => Promise<void>;
  /** Like `ready`, for calls of many steps. @throws {BrokerRefusedError} if the Redis user lacks a permission */
  readonly permitted: () => Promise<void>;
  /** Returns the group of this process, the default. @throws {ConfigError} if it has none */
  readonly ownGroup: () => string;
  /** Makes this process read the changed registry now. */
  readonly changed: () => Promise<void>;
  /** Removes the recurring sends of a path. */
  readonly forgetSchedules: (path: string) => Promise<void>;
  readonly sweep: (path: string) => Promise<SweepCounts>;
  /** Limits of the payload of a mended dead letter. */
  readonly limits: MessageLimits;
  /** Reports a problem that stops nothing. */
  readonly warn: (warning: { readonly code: string; readonly message: string }) => void;
}
