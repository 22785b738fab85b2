import { ConfigError, show } from '../errors.js';
import { LONGEST_MS, known, unknownOption, whole, type ForeignNames } from '../option-values.js';
import type { PublishOptions, TransactionOptions } from './options.js';

const SEND_NAMES: readonly string[] = [
  'messageId',
  'dedupeMs',
  'headers',
  'delayMs',
  'deliverAt',
  'ttlMs',
  'durability',
  'timeoutMs',
  'signal',
] satisfies (keyof PublishOptions)[];
const SEND_NAME_SET = new Set(SEND_NAMES);

const TRANSACTION_NAMES: readonly string[] = [
  'durability',
  'timeoutMs',
  'signal',
] satisfies (keyof TransactionOptions)[];

const handlers = (name: string, ours: string): string =>
  `"${name}" is not an option of a send; did you mean "${ours}", an option of the handler?`;
const elsewhere = (name: string, library: string, ours: string): string =>
  `did you mean "${ours}", which ${library} calls "${name}"?`;

/** Names of other libraries for the options of a send, and options that belong elsewhere. */
const FOREIGN: ForeignNames = {
  jobId: elsewhere('jobId', 'BullMQ', 'messageId'),
  deduplication: elsewhere('deduplication', 'BullMQ', 'messageId'),
  singletonKey: elsewhere('singletonKey', 'pg-boss', 'messageId'),
  MessageDeduplicationId: elsewhere('MessageDeduplicationId', 'SQS', 'messageId'),
  deduplicationId: elsewhere('deduplicationId', 'SQS', 'messageId'),
  jobKey: elsewhere('jobKey', 'Graphile Worker', 'messageId'),
  idempotencyKey: 'did you mean "messageId", the key of a send here?',
  id: 'did you mean "messageId"?',
  DelaySeconds: elsewhere('DelaySeconds', 'SQS', 'delayMs'),
  countdown: elsewhere('countdown', 'Celery', 'delayMs'),
  eta: elsewhere('eta', 'Celery', 'deliverAt'),
  startAfter: elsewhere('startAfter', 'pg-boss', 'deliverAt'),
  runAt: elsewhere('runAt', 'Graphile Worker', 'deliverAt'),
  scheduledFor: 'did you mean "deliverAt"?',
  expiration: elsewhere('expiration', 'amqplib', 'ttlMs'),
  expireIn: elsewhere('expireIn', 'pg-boss', 'ttlMs'),
  expireInSeconds: elsewhere('expireInSeconds', 'pg-boss', 'ttlMs'),
  expires: elsewhere('expires', 'Celery', 'ttlMs'),
  MessageAttributes: elsewhere('MessageAttributes', 'SQS', 'headers'),
  attempts: handlers('attempts', 'attempts'),
  retries: handlers('retries', 'attempts'),
  retryLimit: handlers('retryLimit', 'attempts'),
  backoff: handlers('backoff', 'backoff'),
  concurrency: handlers('concurrency', 'concurrency'),
  timeout:
    'did you mean "timeoutMs", the time limit of the send, or "handlerTimeoutMs", an option of the handler?',
  priority: 'messages have no priority; give urgent messages their own path.',
  repeat: 'create a recurring send with schedules.upsert().',
  cron: 'create a recurring send with schedules.upsert().',
  everyMs: 'create a recurring send with schedules.upsert().',
  removeOnComplete: 'did you mean "retention", an option of LeanMQ and a setting of the queue?',
  removeOnFail: 'dead letters are kept; limit them with the setting "deadLetters" of the queue.',
};

/**
 * Checks the names of a send's options; values are checked where they are used.
 *
 * @throws {ConfigError} naming the option and the nearest known one
 */
export function checkSendOptions(options: PublishOptions): void {
  if (typeof options !== 'object' || (options as unknown) === null || Array.isArray(options)) {
    return known('a send', options, SEND_NAMES);
  }
  // This loop runs for every send with options, so it allocates no list of names.
  for (const name in options) {
    if (!SEND_NAME_SET.has(name)) throw unknownOption('a send', name, SEND_NAMES, FOREIGN);
  }
}

/** @throws {ConfigError} for an option that only the transaction as a whole takes */
export function checkTransactionSend(options: PublishOptions): void {
  for (const name of TRANSACTION_NAMES as readonly (keyof TransactionOptions)[]) {
    if (options[name] === undefined) continue;
    throw ConfigError.option(
      name,
      options[name],
      'only as an option of the transaction as a whole',
    );
  }
}

/** @throws {ConfigError} for an option that a transaction does not take */
export function checkTransactionOptions(options: TransactionOptions): void {
  known('a transaction', options, TRANSACTION_NAMES);
}

/** @throws {ConfigError} unless `build` is a function; other libraries take a list of sends */
export function checkTransactionCallback(build: unknown): void {
  if (typeof build === 'function') return;
  throw new ConfigError(
    `transaction() takes a function such as (tx) => { tx.send(path, data); }, but was given ${show(build)}.`,
  );
}

/** @throws {ConfigError} unless `items` is an array; each item is checked when it is sent */
export function checkItems(items: readonly unknown[]): void {
  if (Array.isArray(items)) return;
  throw new ConfigError(
    `publishMany() takes an array of { data, options }, but was given ${show(items)}.`,
  );
}

/** @throws {ConfigError} for an item without `data`, or with options beside its data */
export function checkItem(item: object): void {
  if (typeof item !== 'object' || (item as unknown) === null || !('data' in item)) {
    throw new ConfigError(
      `An item of publishMany() is ${show(item)}; give { data, options } with the payload as "data".`,
    );
  }
  for (const name in item) {
    if (name === 'data' || name === 'options') continue;
    if (!SEND_NAME_SET.has(name)) throw unknownOption('an item', name, ['data', 'options']);
    throw new ConfigError(
      `Option "${name}" is beside "data" in an item of publishMany(); give it in "options".`,
    );
  }
}

/** Returns the time limit of a send, in ms. */
export function timeoutOf(given: number | undefined, defaultMs: number): number {
  if (given === undefined) return defaultMs;
  whole('timeoutMs', given, 1, LONGEST_MS);
  return given;
}
