import type { Target } from '../setting.js';

/**
 * When the append-only file is synced. With `everysec`, Redis puts its writes off while a sync is under way, for two
 * seconds at most, and answers all the same: on a busy disk a SIGKILL takes what was acknowledged in that time.
 */
export type Appendfsync = 'everysec' | 'always';

/** A Redis as the processes see it, and what can be done to it. */
export interface Topology {
  /** What the processes connect to. */
  readonly target: Target;
  /** How to reach whoever is the master now, past every proxy. */
  adminUrl(): Promise<string>;
  /** Everything runs, nothing is in the way. */
  heal(): Promise<void>;
  /** What the log of the server says of replies that were larger than it lets one be. */
  oversizedReplies(): string[];
  stop(): Promise<void>;
}
