import { hostname } from 'node:os';

import { ConfigError, show } from './errors.js';
import { FOREIGN_TO_LEANMQ } from './foreign-names.js';
import { HANDLE_DEFAULTS, resolveHandleOptions, type HandleOptions } from './handler-options.js';
import { resolveLimits, validGroup, validPrefix, type MessageLimits } from './message/index.js';
import { PUBLISHER_DEFAULTS, validPublisher, type PublisherOptions } from './publish/index.js';
import {
  LONGEST_MS,
  defined,
  flag,
  known,
  whole,
  word,
  type ForeignNames,
} from './option-values.js';
import { CONSUMER_DEFAULTS, type ConsumerOptions } from './consume/index.js';
import { Target, readSilenceMs, type RedisTarget } from './redis/index.js';
import { SWEEP_DEFAULTS, type SweepOptions } from './sweep/index.js';

/** All options with a default. */
export interface EngineOptions extends PublisherOptions, ConsumerOptions, SweepOptions {
  /** Prefix of all keys in Redis. Environments that share a server need one each. @default 'leanmq' */
  readonly prefix: string;
  /** Size limits of a single message. */
  readonly limits: MessageLimits;
  /**
   * Behaviour when Redis cannot be reached within `connectTimeoutMs`: `fail` rejects, `wait` keeps trying in the
   * background. @default 'fail'
   */
  readonly connect: 'fail' | 'wait';
  /** Time limit of the first connection, in ms. @default 10_000 */
  readonly connectTimeoutMs: number;
  /** Time limit per command of calls that manage queues, dead letters and recurring sends, in ms. @default 10_000 */
  readonly commandTimeoutMs: number;
  /** Time without a reply after which a connection to Redis counts as dead, in ms. @default 5_000 */
  readonly silenceMs: number;
  /** True to accept a server whose eviction policy may drop messages. @default false */
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
  commandTimeoutMs: 10_000,
  silenceMs: 5_000,
  allowEviction: false,
});

/** Options of `new LeanMQ()`. */
export interface LeanMQOptions extends Partial<Omit<EngineOptions, 'limits'>> {
  /** A URL, ioredis options (including Sentinel), or a factory of clients. */
  readonly redis: RedisTarget;
  /** Name of the subscribing service. Required once there is a handler. */
  readonly group?: string;
  /** Start of the consumer's name; LeanMQ appends a unique suffix. @default the host name */
  readonly consumerName?: string;
  /** Size limits of a single message; a limit that is not given keeps its default. */
  readonly limits?: Partial<MessageLimits>;
  /** Defaults for all handlers; a handler's own options override them. */
  readonly handlers?: Partial<HandleOptions>;
}

export interface ResolvedOptions extends EngineOptions {
  readonly redis: Target;
  readonly group: string | undefined;
  readonly consumerName: string;
  readonly handlers: HandleOptions;
}

const NAMES = [
  'redis',
  'group',
  'consumerName',
  'handlers',
  ...Object.keys(ENGINE_DEFAULTS),
] as readonly string[];

/**
 * Refuses unknown options, for a layer that adds its own options to those of `new LeanMQ()`. Pure.
 *
 * @param owner taker of the options, as the error names it
 * @param own names that the layer adds
 * @param hints remedies for names that mean something else
 * @throws {ConfigError} naming the nearest known option
 */
export function assertOptionNames(
  owner: string,
  options: object,
  own: readonly string[],
  hints: ForeignNames = {},
): void {
  known(owner, options, [...NAMES, ...own], { ...FOREIGN_TO_LEANMQ, ...hints });
}

/**
 * Validates the options and fills in the defaults.
 *
 * @throws {ConfigError} naming the option, the value given and the values allowed
 */
export function resolveOptions(options: LeanMQOptions): ResolvedOptions {
  if (typeof options !== 'object' || (options as unknown) === null) {
    // A string is mostly a URL, which may hold a password.
    const given = typeof options === 'string' ? 'a string' : show(options);
    throw new ConfigError(`The options are ${given}; give an object with "redis".`);
  }
  const { redis, group, consumerName = hostname(), limits, handlers, ...engine } = options;
  known('LeanMQ', options, NAMES, FOREIGN_TO_LEANMQ);
  const resolved: EngineOptions = {
    ...ENGINE_DEFAULTS,
    ...defined(engine),
    limits: resolveLimits(limits),
  };
  validPrefix(resolved.prefix);
  for (const name of ['connectTimeoutMs', 'commandTimeoutMs', 'silenceMs', 'blockMs'] as const) {
    whole(name, resolved[name], 1, LONGEST_MS);
  }
  validPublisher(resolved);
  whole('leaseMs', resolved.leaseMs, 100, LONGEST_MS);
  for (const name of ['lookaheadBytes', 'replyBytes'] as const) {
    whole(name, resolved[name], 1);
  }
  whole('drainTimeoutMs', resolved.drainTimeoutMs, 0, LONGEST_MS);
  whole('sweepMs', resolved.sweepMs, 10, LONGEST_MS);
  validStartFrom(resolved.startFrom);
  word('connect', resolved.connect, ['fail', 'wait']);
  for (const name of ['allowEviction', 'tidy'] as const) {
    flag(name, resolved[name]);
  }
  validRetention(resolved.retention);
  return {
    ...resolved,
    redis: new Target(redis, readSilenceMs(resolved.blockMs, resolved.silenceMs)),
    group: group === undefined ? undefined : validGroup(group),
    consumerName: plainName(consumerName),
    handlers: resolveHandleOptions(handlers, HANDLE_DEFAULTS, '"handlers"'),
  };
}

function plainName(consumerName: string): string {
  if (typeof consumerName !== 'string' || consumerName === '') {
    throw ConfigError.option('consumerName', consumerName, 'a non-empty string');
  }
  return consumerName.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 64);
}

function validStartFrom(startFrom: EngineOptions['startFrom']): void {
  if (startFrom === 'earliest' || startFrom === 'latest') return;
  if (Object(startFrom) === startFrom) known('"startFrom"', startFrom, ['at']);
  const at: unknown = Reflect.get(Object(startFrom) as object, 'at');
  if (!Number.isSafeInteger(at) || (at as number) < 0) {
    throw ConfigError.option('startFrom', startFrom, '"earliest", "latest" or { at: epoch ms }');
  }
}

function validRetention(retention: EngineOptions['retention']): void {
  if (Object(retention) === retention) known('"retention"', retention, ['count', 'ageMs']);
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
