import { ConfigError } from '../errors.js';
import type { Rule } from './rule.js';

// A shorter interval would be a stream of messages rather than a schedule.
const LEAST_MS = 1_000;
const MOST_MS = 100 * 365 * 24 * 3_600_000;

/**
 * Creates the rule of an interval: its multiples, counted from 1970-01-01 UTC.
 *
 * @throws {ConfigError} if the interval is not valid
 */
export function everyRule(everyMs: number): Rule {
  if (!Number.isSafeInteger(everyMs) || everyMs < LEAST_MS || everyMs > MOST_MS) {
    throw ConfigError.option(
      'everyMs',
      everyMs,
      `a whole number of milliseconds from ${LEAST_MS} to ${MOST_MS}`,
    );
  }
  return { next: (afterMs) => (Math.floor(afterMs / everyMs) + 1) * everyMs };
}
