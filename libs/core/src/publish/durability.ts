import { ConfigError } from '../errors.js';
import { LONGEST_MS, known } from '../option-values.js';

/** Replicas that must confirm a send before its promise resolves. */
export interface Replication {
  /** Number of replicas, without the master; 1 or more. */
  readonly replicas: number;
  /** Time limit of their confirmation after the master stored the message, in ms. */
  readonly timeoutMs: number;
}

/** Copies that must exist before a publish resolves: the master's only (`memory`), or replicas' too. */
export type Durability = 'memory' | Replication;

// The WAIT command accepts no larger number.
const MOST_REPLICAS = 2 ** 31 - 1;

/**
 * Validates a durability; returns undefined for `memory`. Pure.
 *
 * @throws {ConfigError} naming the value given and the values allowed
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
