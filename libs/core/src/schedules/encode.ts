import { ConfigError, show } from '../errors.js';
import { encodeHeaders, encodePayload, literalPath, type MessageLimits } from '../message/index.js';
import { known } from '../option-values.js';
import { isCatchUp, type CatchUp } from './catch-up.js';
import { FOREIGN_TO_SCHEDULES } from './foreign-names.js';
import type { RuleSpec } from './rule.js';
import type { ScheduleSpec } from './schedule.js';

/** Specification of a recurring send apart from its rule. It is stored as JSON. */
export interface SendSpec {
  readonly catchUp: CatchUp;
  readonly ttlMs?: number;
}

/** A recurring send in the form in which it is written to Redis. */
export interface EncodedSchedule {
  readonly id: string;
  readonly path: string;
  readonly rule: RuleSpec;
  readonly send: SendSpec;
  readonly data: string;
  readonly headers: string;
}

const ID = /^[A-Za-z0-9._:/-]{1,128}$/;
const MOST_MS = 100 * 365 * 24 * 3_600_000;
const NAMES: readonly string[] = [
  'id',
  'path',
  'cron',
  'timezone',
  'everyMs',
  'data',
  'headers',
  'ttlMs',
  'catchUp',
] satisfies (keyof ScheduleSpec)[];

/**
 * Validates a recurring send, except for its rule, and encodes it for Redis. Pure.
 *
 * @throws {ConfigError} for an option that is not valid
 * @throws {MessageError} for a payload or headers that are not valid
 */
export function encodeSchedule(given: ScheduleSpec, limits: MessageLimits): EncodedSchedule {
  if (typeof given !== 'object' || (given as unknown) === null) {
    throw new ConfigError(`The recurring send is ${show(given)}; give an object with "id".`);
  }
  known('a recurring send', given, NAMES, FOREIGN_TO_SCHEDULES);
  const { id, path, data, headers, ttlMs, catchUp = 'last' } = given;
  if (!isCatchUp(catchUp)) {
    throw ConfigError.option('catchUp', catchUp, '"none", "last" or "all"');
  }
  if (ttlMs !== undefined && !(Number.isSafeInteger(ttlMs) && ttlMs >= 1 && ttlMs <= MOST_MS)) {
    throw ConfigError.option('ttlMs', ttlMs, `a whole number of milliseconds from 1 to ${MOST_MS}`);
  }
  return {
    id: validScheduleId(id),
    path: literalPath(path),
    rule: ruleSpecOf(given),
    send: { catchUp, ...(ttlMs !== undefined && { ttlMs }) },
    data: encodePayload(data, limits),
    headers: encodeHeaders(headers, limits),
  };
}

interface Given {
  readonly cron: string | undefined;
  readonly timezone: string | undefined;
  readonly everyMs: number | undefined;
}

/** @throws {ConfigError} unless the id is 1 to 128 of `A-Z a-z 0-9 . _ : / -` */
export function validScheduleId(id: string): string {
  if (typeof id !== 'string' || !ID.test(id)) {
    throw ConfigError.option('id', id, '1 to 128 of A-Z a-z 0-9 . _ : / -');
  }
  return id;
}

function ruleSpecOf(given: ScheduleSpec): RuleSpec {
  // Callers in plain JavaScript may give both, or neither.
  const { cron, timezone, everyMs } = given as Partial<Given>;
  if (everyMs === undefined) {
    if (cron !== undefined) return { cron, timezone: timezone ?? 'UTC' };
    throw ConfigError.option('cron', cron, 'a cron expression, or "everyMs" instead');
  }
  if (cron !== undefined) throw ConfigError.option('everyMs', everyMs, 'only without "cron"');
  if (timezone !== undefined) {
    throw ConfigError.option('timezone', timezone, 'only together with "cron"');
  }
  return { everyMs };
}
