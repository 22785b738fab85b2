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
  `"${name}" is no option of a send; did you mean "${ours}", an option of the handler?`;
const elsewhere = (name: string, library: string, ours: string): string =>
  `did you mean "${ours}", which ${library} calls "${name}"?`;

/** What other libraries call an option of a send, and options that belong elsewhere. */
const FOREIGN: ForeignNames = {
  jobId: elsewhere('jobId', 'BullMQ', 'messageId'),
  deduplication: elsewhere('deduplication', 'BullMQ', 'messageId'),
  singletonKey: elsewhere('singletonKey', 'pg-boss', 'messageId'),
  MessageDeduplicationId: elsewhere('MessageDeduplicationId', 'SQS', 'messageId'),
  deduplicationId: elsewhere('deduplicationId', 'SQS', 'messageId'),
  jobKey: elsewhere('jobKey', 'Graphile Worker', 'messageId'),
  idempotencyKey: 'did you mean "messageId", which is the key of a send here?',
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
  priority: 'messages have no priority; use a path of its own for what is urgent.',
  repeat: 'a recurring send is made with schedules.upsert().',
  cron: 'a recurring send is made with schedules.upsert().',
  everyMs: 'a recurring send is made with schedules.upsert().',
  removeOnComplete: 'did you mean "retention", an option of LeanMQ and a setting of the queue?',
  removeOnFail: 'dead letters are kept; limit them with the setting "deadLetters" of the queue.',
};

/**
 * Checks the names of a send's options; the values are checked where they are used.
 *
 * @throws {ConfigError} naming the option and the nearest known one
 */
export function checkSendOptions(options: PublishOptions): void {
  if (typeof options !== 'object' || (options as unknown) === null || Array.isArray(options)) {
    return known('a send', options, SEND_NAMES);
  }
  // No list of names is made where all of them are known: this runs for every send that has options.
  for (const name in options) {
    if (!SEND_NAME_SET.has(name)) throw unknownOption('a send', name, SEND_NAMES, FOREIGN);
  }
}

/** @throws {ConfigError} for what only the transaction as a whole can be told */
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

/** @throws {ConfigError} unless it is a function; a list of sends is what other libraries take */
export function checkTransactionCallback(build: unknown): void {
  if (typeof build === 'function') return;
  throw new ConfigError(
    `transaction() takes a function, (tx) => { tx.send(path, data); }, and was given ${show(build)}.`,
  );
}

/** @throws {ConfigError} unless it is a list of items `{ data, options }`; an item is checked by its own send */
export function checkItems(items: readonly unknown[]): void {
  if (Array.isArray(items)) return;
  throw new ConfigError(
    `publishMany() takes a list of { data, options }, and was given ${show(items)}.`,
  );
}

/** @throws {ConfigError} for an item of a list that is none, or has options beside its data */
export function checkItem(item: object): void {
  if (typeof item !== 'object' || (item as unknown) === null || !('data' in item)) {
    throw new ConfigError(
      `An item of publishMany() is ${show(item)}; give { data, options }, the payload as "data".`,
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

/** How long a send may take, ms. */
export function timeoutOf(given: number | undefined, defaultMs: number): number {
  if (given === undefined) return defaultMs;
  whole('timeoutMs', given, 1, LONGEST_MS);
  return given;
}
