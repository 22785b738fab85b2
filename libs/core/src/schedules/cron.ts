import type { CronExpression } from 'cron-parser';

import { ConfigError, show } from '../errors.js';
import type { Rule } from './rule.js';
import { wallClockRule } from './wall-clock.js';
import { Zone } from './zone.js';

const FIELDS = /^(@[a-z]+|\S+( \S+){4,5})$/;
// No offsets such as +02:00: not every version of Node supports them, and all processes must agree.
const ZONE = /^[A-Za-z][A-Za-z0-9_+/-]*$/;

/**
 * Creates the rule of a cron expression. The library finds the times, and the zone decides at which instants its clocks
 * show them. The library's own arithmetic is right only when clocks change by a whole number of hours, on the hour (ADR
 * 0009).
 *
 * When clocks go forward, a skipped time comes later by as much. When they go back, a repeated time comes once, at its
 * first occurrence; an expression with a time in every hour gets both.
 *
 * @throws {ConfigError} if the expression or the time zone is not valid, or no instant matches
 */
export async function cronRule(cron: string, timezone: string, seed: string): Promise<Rule> {
  const zone = zoneOf(timezone);
  if (typeof cron !== 'string' || !FIELDS.test(cron.trim().replace(/\s+/g, ' '))) {
    throw invalid(cron);
  }
  // Loaded on demand: the library is half of all code loaded at startup, and most processes use no cron expression.
  const { CronExpressionParser } = await import('cron-parser');
  try {
    const times = CronExpressionParser.parse(cron, { tz: 'UTC', hashSeed: seed });
    const isHourly = times.fields.hour.values.length === 24;
    const rule = wallClockRule({ next: (afterMs) => nextTime(times, afterMs), isHourly }, zone);
    rule.next(0);
    return rule;
  } catch (cause) {
    throw invalid(cron, cause);
  }
}

/** Returns the next time after a known one, independent of earlier calls. */
function nextTime(times: CronExpression, afterMs: number): number {
  times.reset(new Date(afterMs));
  const at = times.next().getTime();
  if (!(at > afterMs)) throw new Error(`no time after ${afterMs}`);
  return at;
}

// Cached, because creating a zone takes longer than everything else here.
const zones = new Map<string, Zone>();

function zoneOf(timezone: string): Zone {
  const known = zones.get(timezone);
  if (known !== undefined) return known;
  if (typeof timezone === 'string' && ZONE.test(timezone)) {
    try {
      const zone = new Zone(timezone);
      if (zones.size >= 1_000) zones.clear();
      zones.set(timezone, zone);
      return zone;
    } catch {
      // Refused below.
    }
  }
  throw ConfigError.option('timezone', timezone, 'an IANA time zone such as "Europe/Berlin"');
}

function invalid(cron: unknown, cause?: unknown): ConfigError {
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  return new ConfigError(
    `Option "cron" is ${show(cron)}${why}; allowed: a cron expression of 5 fields, of 6 with seconds, or a name such as @daily, that some instant matches.`,
    { cause },
  );
}
