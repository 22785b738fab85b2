import type { Target } from '../setting.js';

/**
 * Sync policy of the append-only file. With `everysec`, Redis may delay writes for up to two seconds while a sync runs, and
 * still answers: on a busy disk a SIGKILL loses what was acknowledged in that time.
 */
export type Appendfsync = 'everysec' | 'always';

/** Redis as the processes see it, with the ways to disturb it. */
export interface Topology {
  /** Address that the processes connect to. */
  readonly target: Target;
  /** Returns the direct URL of the current master, past every proxy. */
  adminUrl(): Promise<string>;
  /** Ends every disturbance. */
  heal(): Promise<void>;
  /** Returns the lines of the server's log about clients that it cut off because their replies were too large. */
  oversizedReplies(): string[];
  stop(): Promise<void>;
}
