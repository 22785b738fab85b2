import type { MessageLimits } from '../message/index.js';
import type { Connection, Keys, Registry } from '../redis/index.js';

/** What a sweep of a route did. */
export interface SweepCounts {
  /** Entries moved from the schedule to where they were due. */
  readonly promoted: number;
  /** Messages whose time to live had passed. */
  readonly expired: number;
  /** Finished entries that were removed from the log. */
  readonly trimmed: number;
}

/** What managing needs of the rest. */
export interface ManageContext {
  readonly connection: Connection;
  readonly keys: Keys;
  readonly registry: Registry;
  /** Resolves when there is a connection. */
  readonly ready: () => Promise<void>;
  /** The same, for what takes many steps: its user may do all of them. @throws {BrokerRefusedError} otherwise */
  readonly permitted: () => Promise<void>;
  /** The group of this process, as a default. @throws {ConfigError} if it has none */
  readonly ownGroup: () => string;
  /** The registry was changed: this process need not wait until it looks. */
  readonly changed: () => Promise<void>;
  /** The recurring sends of a path are no more. */
  readonly forgetSchedules: (path: string) => Promise<void>;
  readonly sweep: (path: string) => Promise<SweepCounts>;
  /** What a mended payload may be. */
  readonly limits: MessageLimits;
  /** Tells a person of something that stops nothing. */
  readonly warn: (warning: { readonly code: string; readonly message: string }) => void;
}
