import type { RateLimit } from '@leanmq/core';
import {
  BODY_FORMATS,
  DELIVERY_DEFAULTS,
  WHILE_DISABLED,
  type DeliveryOptions,
  type ResolvedDelivery,
} from './delivery-options.js';
import { checkFields } from './known-fields.js';
import { invalid, isPlainObject } from './text-rules.js';

const DAY = 24 * 3_600_000;
const MAX_ATTEMPTS = 50;

const NAMES = Object.keys(DELIVERY_DEFAULTS);
const FOREIGN = Object.freeze({
  retries: 'give "schedule", with one delay for each attempt',
  attempts: 'give "schedule", with one delay for each attempt',
  backoff: 'give "schedule", with one delay for each attempt',
  throttling: 'give "rate"',
});

/**
 * Checks options of delivery, wherever they are given. What is undefined is not given. Pure.
 *
 * @param field names them in an error, such as `delivery`
 * @throws {WebhookInputError} FIELD_UNKNOWN, FIELD_INVALID, SCHEDULE_INVALID or RATE_INVALID
 */
export function validDelivery(given: DeliveryOptions, field = 'delivery'): DeliveryOptions {
  if (!isPlainObject(given)) throw invalid('FIELD_INVALID', field, given, 'an object');
  checkFields('delivery', given, NAMES, field, FOREIGN);
  const entries = NAMES.filter((name) => given[name] !== undefined).map((name) => {
    const value: unknown = given[name];
    CHECKS[name as keyof DeliveryOptions](value, `${field}.${name}`);
    return [name, value] as const;
  });
  return Object.fromEntries(entries);
}

/** Resolves the options of a delivery: the endpoint's override its tenant's, which override the module's. Pure. */
export function resolveDelivery(
  ...levels: readonly (DeliveryOptions | undefined)[]
): ResolvedDelivery {
  const given = levels.map((level = {}) =>
    Object.fromEntries(Object.entries(level).filter(([, value]) => value !== undefined)),
  );
  return Object.assign({}, DELIVERY_DEFAULTS, ...given) as ResolvedDelivery;
}

type Check = (value: unknown, field: string) => void;

const CHECKS: Readonly<Record<keyof DeliveryOptions, Check>> = {
  format: oneOf(BODY_FORMATS),
  timeoutMs: whole(100, 120_000),
  schedule: (value, field) => {
    const isSchedule =
      Array.isArray(value) &&
      value.length >= 1 &&
      value.length <= MAX_ATTEMPTS &&
      value.every((delay) => isWhole(delay, 0, 7 * DAY));
    if (isSchedule) return;
    const allowed = `a list of 1 to ${MAX_ATTEMPTS} delays in ms, each a whole number from 0 to 7 days`;
    throw invalid('SCHEDULE_INVALID', field, value, allowed);
  },
  jitter: (value, field) => {
    if (typeof value === 'number' && value >= 0 && value <= 0.5) return;
    throw invalid('SCHEDULE_INVALID', field, value, 'a number from 0 to 0.5');
  },
  retryAfterMaxMs: whole(0, DAY),
  concurrency: whole(1, 1_000),
  rate: (value, field) => {
    const rate = (isPlainObject(value) ? value : {}) as Partial<RateLimit>;
    if (isPlainObject(value)) checkFields('rate', value, ['count', 'perMs'], field);
    if (isWhole(rate.count, 1, 1_000_000) && isWhole(rate.perMs, 1, DAY)) return;
    const allowed = '{ count, perMs }, whole numbers: 1 to 1000000, and 1 ms to a day';
    throw invalid('RATE_INVALID', field, value, allowed);
  },
  disableAfterMs: (value, field) => {
    if (value === 'never' || isWhole(value, 60_000, 365 * DAY)) return;
    throw invalid(
      'FIELD_INVALID',
      field,
      value,
      '"never", or a whole number of ms from 60000 to a year',
    );
  },
  whileDisabled: oneOf(WHILE_DISABLED),
  backlog: whole(1, 10_000_000),
};

function oneOf(words: readonly string[]): Check {
  return (value, field) => {
    if (words.includes(value as string)) return;
    throw invalid('FIELD_INVALID', field, value, words.map((word) => `"${word}"`).join(' or '));
  };
}

function whole(least: number, most: number): Check {
  return (value, field) => {
    if (isWhole(value, least, most)) return;
    throw invalid('FIELD_INVALID', field, value, `a whole number, ${least} to ${most}`);
  };
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
}
