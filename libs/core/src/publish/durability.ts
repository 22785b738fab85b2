import { ConfigError } from '../errors.js';
import { LONGEST_MS, known } from '../option-values.js';

/** How many replicas confirm a send before its promise resolves. */
export interface Replication {
  /** Replicas, the master not counted; 1 or more. */
  readonly replicas: number;
  /** How long they may take once the master has the message, ms. */
  readonly timeoutMs: number;
}

/** What a publish waits for: that the master has it (`memory`), or that replicas have it too. */
export type Durability = 'memory' | Replication;

// WAIT takes no more.
const MOST_REPLICAS = 2 ** 31 - 1;

/**
 * Checks a durability; undefined for `memory`. Pure.
 *
 * @throws {ConfigError} naming what was given and what is allowed
 */
export function replicationOf(durability: Durability): Replication | undefined {
  if (durability === 'memory') return undefined;
  if (typeof durability !== 'object' || (durability as unknown) === null) {
    throw ConfigError.option('durability', durability, '"memory" or { replicas, timeoutMs }');
  }
  known('"durability"', durability, ['replicas', 'timeoutMs']);
  const { replicas, timeoutMs } = durability;
  if (!Number.isSafeInteger(replicas) || replicas < 1 || replicas > MOST_REPLICAS) {
    throw ConfigError.option('durability.replicas', replicas, 'a whole number, 1 or more');
  }
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0) || timeoutMs > LONGEST_MS) {
    const allowed = `a number of milliseconds above 0, up to ${LONGEST_MS}`;
    throw ConfigError.option('durability.timeoutMs', timeoutMs, allowed);
  }
  return durability;
}
