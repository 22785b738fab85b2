import type { Target } from '../setting.js';

/** A Redis as the processes see it, and what can be done to it. */
export interface Topology {
  /** What the processes connect to. */
  readonly target: Target;
  /** How to reach whoever is the master now, past every proxy. */
  adminUrl(): Promise<string>;
  /** Everything runs, nothing is in the way. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}
