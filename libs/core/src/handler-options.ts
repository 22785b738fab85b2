import { ConfigError, show } from './errors.js';
import {
  FOREIGN_TO_BATCHES,
  FOREIGN_TO_HANDLERS,
  FOREIGN_TO_RATE_LIMITS,
} from './foreign-names.js';
import type { WebhookDelivery } from './message/index.js';
import { LONGEST_MS, defined, known, parts, whole, word } from './option-values.js';
import { SUBSCRIPTION_DEFAULTS, type SubscriptionOptions } from './consume/index.js';
import { RUN_DEFAULTS, type RunOptions } from './run/index.js';
import { SETTLE_DEFAULTS, validBackoff, type SettleOptions } from './settle/index.js';

/** All options of a handler. */
export interface HandleOptions extends SubscriptionOptions, RunOptions, SettleOptions {}

/** Options of a handler for payloads of type `T`; an option that is not given keeps its default. */
export type HandlerOptions<T = unknown> = Partial<Omit<HandleOptions, 'idempotent'>> & {
  /**
   * True to run the handler once per message id, or a function that returns the key to run it once for. @default false
   */
  readonly idempotent?: boolean | ((delivery: WebhookDelivery<T>) => string | Promise<string>);
};

export const HANDLE_DEFAULTS: HandleOptions = Object.freeze({
  ...SUBSCRIPTION_DEFAULTS,
  ...RUN_DEFAULTS,
  ...SETTLE_DEFAULTS,
});

/** @throws {ConfigError} unless it is an object */
export function assertHandlerOptions(options: unknown, owner = 'a handler'): void {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return;
  throw new ConfigError(`The options of ${owner} are ${show(options)}; give an object.`);
}

/**
 * Validates the options of a handler and fills in the defaults.
 *
 * @param owner taker of the options, as the error names it
 * @throws {ConfigError} naming the option, the value given and the values allowed
 */
export function resolveHandleOptions(
  given: Partial<HandleOptions> = {},
  defaults: HandleOptions,
  owner = 'a handler',
): HandleOptions {
  assertHandlerOptions(given, owner);
  known(owner, given, Object.keys(HANDLE_DEFAULTS), FOREIGN_TO_HANDLERS);
  const resolved: HandleOptions = { ...defaults, ...defined(given) };
  whole('concurrency', resolved.concurrency, 1, 10_000);
  whole('attempts', resolved.attempts, 1);
  // A first crash does not tell which of the running messages caused it.
  whole('maxCrashes', resolved.maxCrashes, 2);
  if (resolved.handlerTimeoutMs !== undefined) {
    whole('handlerTimeoutMs', resolved.handlerTimeoutMs, 1, LONGEST_MS);
  }
  whole('longRunningMs', resolved.longRunningMs, 1, LONGEST_MS);
  word('onExpired', resolved.onExpired, ['discard', 'dead-letter']);
  word('ack', resolved.ack, ['after', 'before']);
  whole('idempotencyMs', resolved.idempotencyMs, 1);
  validIdempotent(resolved);
  validRateLimit(resolved.rateLimit);
  validBatch(resolved.batch);
  validBackoff(resolved.backoff);
  return resolved;
}

function validIdempotent({ idempotent, idempotencyStore, ack }: HandleOptions): void {
  if (typeof idempotent !== 'boolean' && typeof idempotent !== 'function') {
    throw ConfigError.option(
      'idempotent',
      idempotent,
      'true, false or a function that returns a key',
    );
  }
  if (idempotencyStore !== undefined && idempotent === false) {
    throw ConfigError.option(
      'idempotencyStore',
      idempotencyStore,
      'only together with "idempotent"',
    );
  }
  if (idempotencyStore !== undefined && !isStore(idempotencyStore)) {
    throw ConfigError.option(
      'idempotencyStore',
      idempotencyStore,
      'an object with begin(), complete() and fail()',
    );
  }
  if (ack === 'before' && idempotent !== false) {
    throw ConfigError.option('ack', ack, '"after" together with "idempotent"');
  }
}

function isStore(given: object | null): boolean {
  if (typeof given !== 'object' || given === null) return false;
  return ['begin', 'complete', 'fail'].every(
    (name) => typeof Reflect.get(given, name) === 'function',
  );
}

function validRateLimit(rateLimit: HandleOptions['rateLimit']): void {
  if (rateLimit === undefined) return;
  const { count, perMs } = parts('rateLimit', rateLimit);
  known('"rateLimit"', rateLimit, ['count', 'perMs'], FOREIGN_TO_RATE_LIMITS);
  // Redis stores every grant of a period, so a large count would take memory.
  whole('rateLimit.count', count, 1, 10_000);
  whole('rateLimit.perMs', perMs, 1, LONGEST_MS);
}

function validBatch(batch: HandleOptions['batch']): void {
  if (batch === undefined) return;
  const { size, waitMs } = parts('batch', batch);
  known('"batch"', batch, ['size', 'waitMs'], FOREIGN_TO_BATCHES);
  whole('batch.size', size, 1, 10_000);
  whole('batch.waitMs', waitMs, 0, 60_000);
}
