import { ConfigError } from '../../errors.js';
import type { RouteSettings } from '../../redis/index.js';
import { known, type ForeignNames } from '../../option-values.js';
import { assertQueue, wholeNumber } from '../arguments.js';
import type { ManageContext } from '../context.js';

/** Settings of a queue to change; null restores the default. */
export type QueueSettings = {
  readonly [Name in keyof RouteSettings]: RouteSettings[Name] | null;
};

const NAMES = ['maxLength', 'retention', 'deadLetters'];

/** Names that Redis, BullMQ, RabbitMQ and SQS use. */
const FOREIGN: ForeignNames = Object.freeze({
  maxLen: 'give "maxLength"',
  maxSize: 'give "maxLength"',
  limit: 'give "maxLength"',
  'x-max-length': 'give "maxLength"',
  removeOnComplete: 'give "retention"',
  removeOnFail: 'give "deadLetters"',
  dlq: 'give "deadLetters"',
  ttlMs: 'it is an option of a send',
  concurrency: 'it is an option of a handler',
  paused: 'call pause() or resume()',
});

/**
 * Changes settings of a queue for all its services, which apply them within a second. Other settings stay.
 *
 * @throws {ConfigError} for a setting that is unknown or not valid
 */
export async function configure(
  context: ManageContext,
  path: string,
  settings: QueueSettings,
): Promise<void> {
  known('configure()', settings, NAMES, FOREIGN);
  const { maxLength, retention, deadLetters } = settings;
  if (maxLength != null) wholeNumber('maxLength', maxLength, 1);
  if (retention != null) validRetention(retention);
  if (deadLetters != null) validLimits(deadLetters);
  await assertQueue(context, path);
  await context.registry.configure(path, {
    ...(maxLength !== undefined && { maxLength }),
    ...(retention !== undefined && { retention }),
    ...(deadLetters !== undefined && { deadLetters }),
  });
  await context.changed();
}

function validRetention(retention: NonNullable<RouteSettings['retention']>): void {
  const given = only('retention', retention, ['count', 'ageMs']);
  if (given.length !== 1) {
    throw ConfigError.option('retention', retention, '{ count } or { ageMs }, not both');
  }
  for (const [name, value] of given) wholeNumber(`retention.${name}`, value as number, 0);
}

function validLimits(limits: NonNullable<RouteSettings['deadLetters']>): void {
  const given = only('deadLetters', limits, ['maxAgeMs', 'maxCount']);
  if (given.length === 0) {
    throw ConfigError.option('deadLetters', limits, '{ maxAgeMs } or { maxCount } or both');
  }
  for (const [name, value] of given) {
    wholeNumber(`deadLetters.${name}`, value as number, name === 'maxAgeMs' ? 1 : 0);
  }
}

function only(owner: string, given: object, names: readonly string[]): [string, unknown][] {
  known(owner, given, names);
  return Object.entries(given).filter(([, value]) => value !== undefined);
}
