import type { CronExpressionParser } from 'cron-parser';

import { ConfigError, show } from '../errors.js';
import type { Rule } from './rule.js';

const FIELDS = /^(@[a-z]+|\S+( \S+){4,5})$/;
// No offsets such as +02:00: not every version of Node knows them, and all processes must agree.
const ZONE = /^[A-Za-z][A-Za-z0-9_+/-]*$/;

/**
 * The rule of a cron expression. On the day when clocks go forward, what would be in the hour that is left out comes an
 * hour later; on the day when they go back, what has a fixed hour comes once, and what comes every hour goes on doing so.
 *
 * @throws {ConfigError} if the expression or the time zone is not acceptable, or there is no instant at all
 */
export async function cronRule(cron: string, timezone: string, seed: string): Promise<Rule> {
  if (!isZone(timezone)) {
    throw ConfigError.option('timezone', timezone, 'an IANA time zone such as "Europe/Berlin"');
  }
  if (typeof cron !== 'string' || !FIELDS.test(cron.trim().replace(/\s+/g, ' '))) {
    throw invalid(cron);
  }
  // Half of what a process would load at its start, and most have no cron expression.
  const { CronExpressionParser: parser } = await import('cron-parser');
  try {
    instantAfter(parser, cron, timezone, seed, 0);
  } catch (cause) {
    throw invalid(cron, cause);
  }
  return {
    next: (afterMs) => {
      try {
        return instantAfter(parser, cron, timezone, seed, afterMs);
      } catch {
        // It is a valid expression that has come to its end, such as one of a day that comes every 28 years.
        return Infinity;
      }
    },
  };
}

function instantAfter(
  parser: typeof CronExpressionParser,
  cron: string,
  tz: string,
  hashSeed: string,
  afterMs: number,
): number {
  // Always from a known instant, never from where the last call left off, so that no state decides.
  const at = parser.parse(cron, { currentDate: afterMs, tz, hashSeed }).next().getTime();
  if (!(at > afterMs)) throw new Error(`no instant after ${afterMs}`);
  return at;
}

function isZone(timezone: unknown): boolean {
  if (typeof timezone !== 'string' || !ZONE.test(timezone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
    return true;
  } catch {
    return false;
  }
}

function invalid(cron: unknown, cause?: unknown): ConfigError {
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  return new ConfigError(
    `Option "cron" is ${show(cron)}${why}; allowed: a cron expression of 5 fields, of 6 with seconds, or a name such as @daily, that some instant matches.`,
    { cause },
  );
}
