import { hostname } from 'node:os';

import { ConfigError, show } from './errors.js';
import {
  resolveLimits,
  validGroup,
  validPrefix,
  type MessageLimits,
  type WebhookDelivery,
} from './message/index.js';
import { PUBLISHER_DEFAULTS, replicationOf, type PublisherOptions } from './publish/index.js';
import {
  CONSUMER_DEFAULTS,
  SUBSCRIPTION_DEFAULTS,
  type ConsumerOptions,
  type SubscriptionOptions,
} from './receive/index.js';
import type { RedisTarget } from './redis/index.js';
import { RUN_DEFAULTS, type RunOptions } from './run/index.js';
import { SETTLE_DEFAULTS, validBackoff, type SettleOptions } from './settle/index.js';
import { SWEEP_DEFAULTS, type SweepOptions } from './sweep/index.js';

/** How one route is handled. */
export interface HandleOptions extends SubscriptionOptions, RunOptions, SettleOptions {}

/** What a handler of payloads of type `T` may say otherwise than the defaults. */
export type HandlerOptions<T = unknown> = Partial<Omit<HandleOptions, 'idempotent'>> & {
  readonly idempotent?: boolean | ((delivery: WebhookDelivery<T>) => string);
};

export const HANDLE_DEFAULTS: HandleOptions = Object.freeze({
  ...SUBSCRIPTION_DEFAULTS,
  ...RUN_DEFAULTS,
  ...SETTLE_DEFAULTS,
});

/** Everything but where Redis is. */
export interface EngineOptions extends PublisherOptions, ConsumerOptions, SweepOptions {
  /** Begins the name of everything in Redis; one for each environment that shares a server. */
  readonly prefix: string;
  /** What a single message may be. */
  readonly limits: MessageLimits;
  /** `fail`: reject when Redis is not there within `connectTimeoutMs`; `wait`: go on trying in the background. */
  readonly connect: 'fail' | 'wait';
  readonly connectTimeoutMs: number;
  /** How long Redis may owe a reply before its connection counts as dead, ms. */
  readonly silenceMs: number;
  /** Accept a server whose policy may evict messages. */
  readonly allowEviction: boolean;
}

export const ENGINE_DEFAULTS: EngineOptions = Object.freeze({
  ...PUBLISHER_DEFAULTS,
  ...CONSUMER_DEFAULTS,
  ...SWEEP_DEFAULTS,
  prefix: 'leanmq',
  limits: resolveLimits(),
  connect: 'fail',
  connectTimeoutMs: 10_000,
  silenceMs: 5_000,
  allowEviction: false,
});

export interface LeanMQOptions extends Partial<Omit<EngineOptions, 'limits'>> {
  /** A URL, ioredis' options (Sentinel too), or a factory of clients. */
  readonly redis: RedisTarget;
  /** The service that subscribes; needed as soon as there is a handler. */
  readonly group?: string;
  /** Begins the consumer's name, which is made unique; the host's name unless told. */
  readonly consumerName?: string;
  readonly limits?: Partial<MessageLimits>;
  /** What holds for every handler that does not say otherwise. */
  readonly handlers?: Partial<HandleOptions>;
}

export interface ResolvedOptions extends EngineOptions {
  readonly redis: RedisTarget;
  readonly group: string | undefined;
  readonly consumerName: string;
  readonly handlers: HandleOptions;
}

/** setTimeout fires at once when it is told to wait much longer. */
const LONGEST_MS = 2_000_000_000;

const NAMES = [
  'redis',
  'group',
  'consumerName',
  'handlers',
  ...Object.keys(ENGINE_DEFAULTS),
] as readonly string[];

/** @throws {ConfigError} naming the option, what was given and what is allowed */
export function resolveOptions(options: LeanMQOptions): ResolvedOptions {
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw new ConfigError(`The options are ${show(options)}; give an object with "redis".`);
  }
  const { redis, group, consumerName = hostname(), limits, handlers, ...engine } = options;
  known('LeanMQ', options, NAMES);
  validTarget(redis);
  const resolved: EngineOptions = {
    ...ENGINE_DEFAULTS,
    ...defined(engine),
    limits: resolveLimits(limits),
  };
  validPrefix(resolved.prefix);
  for (const name of ['publishTimeoutMs', 'connectTimeoutMs', 'silenceMs', 'blockMs'] as const) {
    whole(name, resolved[name], 1, LONGEST_MS);
  }
  whole('dedupeMs', resolved.dedupeMs, 1);
  whole('maxBuffered', resolved.maxBuffered, 1);
  replicationOf(resolved.durability);
  whole('leaseMs', resolved.leaseMs, 100, LONGEST_MS);
  whole('drainTimeoutMs', resolved.drainTimeoutMs, 0, LONGEST_MS);
  whole('sweepMs', resolved.sweepMs, 10, LONGEST_MS);
  validStartFrom(resolved.startFrom);
  word('connect', resolved.connect, ['fail', 'wait']);
  if (typeof resolved.allowEviction !== 'boolean') {
    throw ConfigError.option('allowEviction', resolved.allowEviction, 'true or false');
  }
  validRetention(resolved.retention);
  return {
    ...resolved,
    redis,
    group: group === undefined ? undefined : validGroup(group),
    consumerName: plainName(consumerName),
    handlers: resolveHandleOptions(handlers, HANDLE_DEFAULTS),
  };
}

/** @throws {ConfigError} naming the option, what was given and what is allowed */
export function resolveHandleOptions(
  options: Partial<HandleOptions> | undefined,
  defaults: HandleOptions,
): HandleOptions {
  if (options !== undefined && (typeof options !== 'object' || (options as unknown) === null)) {
    throw new ConfigError(`The options of a handler are ${show(options)}; give an object.`);
  }
  const given = options ?? {};
  known('a handler', given, Object.keys(HANDLE_DEFAULTS));
  const resolved: HandleOptions = { ...defaults, ...defined(given) };
  whole('concurrency', resolved.concurrency, 1, 10_000);
  whole('attempts', resolved.attempts, 1);
  // At the first crash nobody can tell a culprit from its neighbours.
  whole('maxCrashes', resolved.maxCrashes, 2);
  if (resolved.handlerTimeoutMs !== undefined) {
    whole('handlerTimeoutMs', resolved.handlerTimeoutMs, 1, LONGEST_MS);
  }
  word('onExpired', resolved.onExpired, ['discard', 'dead-letter']);
  word('ack', resolved.ack, ['after', 'before']);
  whole('idempotencyMs', resolved.idempotencyMs, 1);
  validIdempotent(resolved);
  validRateLimit(resolved.rateLimit);
  validBatch(resolved.batch);
  validBackoff(resolved.backoff);
  return resolved;
}

/** A misspelt option would be one that is silently not there. */
function known(owner: string, options: object, names: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    throw new ConfigError(`Option "${name}" is not known; ${owner} takes ${names.join(', ')}.`);
  }
}

/** An option that is given as undefined is one that is not given. */
function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}

function validTarget(redis: unknown): void {
  // An empty URL, as of an environment variable that is not set, would be Redis on this machine.
  const isTarget =
    typeof redis === 'function' ||
    (typeof redis === 'string' && redis.trim() !== '') ||
    (typeof redis === 'object' && redis !== null && !Array.isArray(redis));
  if (!isTarget) {
    throw ConfigError.option('redis', redis, "a URL, ioredis' options, or a factory of clients");
  }
}

function plainName(consumerName: string): string {
  if (typeof consumerName !== 'string' || consumerName === '') {
    throw ConfigError.option('consumerName', consumerName, 'a text of 1 character or more');
  }
  return consumerName.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 64);
}

function whole(name: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
    throw ConfigError.option(name, value, `a whole number, ${range}`);
  }
}

function word(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) {
    throw ConfigError.option(name, value, allowed.map((each) => `"${each}"`).join(' or '));
  }
}

function validStartFrom(startFrom: EngineOptions['startFrom']): void {
  if (startFrom === 'earliest' || startFrom === 'latest') return;
  const at: unknown = Reflect.get(Object(startFrom) as object, 'at');
  if (!Number.isSafeInteger(at) || (at as number) < 0) {
    throw ConfigError.option('startFrom', startFrom, '"earliest", "latest" or { at: epoch ms }');
  }
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
  if (ack === 'before' && idempotent !== false) {
    throw ConfigError.option('ack', ack, '"after" together with "idempotent"');
  }
}

function validRateLimit(rateLimit: HandleOptions['rateLimit']): void {
  if (rateLimit === undefined) return;
  const { count, perMs } = parts('rateLimit', rateLimit);
  // The grants of one period are kept in Redis.
  whole('rateLimit.count', count, 1, 10_000);
  whole('rateLimit.perMs', perMs, 1, LONGEST_MS);
}

function validBatch(batch: HandleOptions['batch']): void {
  if (batch === undefined) return;
  const { size, waitMs } = parts('batch', batch);
  whole('batch.size', size, 1, 10_000);
  whole('batch.waitMs', waitMs, 0, 60_000);
}

function parts<T extends object>(name: string, option: T): T {
  if (typeof option !== 'object' || (option as unknown) === null) {
    throw ConfigError.option(name, option, 'an object');
  }
  return option;
}

function validRetention(retention: EngineOptions['retention']): void {
  const { count, ageMs } = Object(retention) as Record<'count' | 'ageMs', unknown>;
  const amount = count ?? ageMs;
  const isBoth = count !== undefined && ageMs !== undefined;
  if (isBoth || !Number.isSafeInteger(amount) || (amount as number) < 0) {
    throw ConfigError.option(
      'retention',
      isBoth || amount === undefined ? retention : amount,
      '{ count } or { ageMs }, a whole number, 0 or more',
    );
  }
}
