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

/** Everything but where Redis is. */
export interface EngineOptions extends PublisherOptions, ConsumerOptions, SweepOptions {
  /** Begins the name of everything in Redis; one for each environment that shares a server. */
  readonly prefix: string;
  /** What a single message may be. */
  readonly limits: MessageLimits;
  /** `fail`: reject when Redis is not there within `connectTimeoutMs`; `wait`: go on trying in the background. */
  readonly connect: 'fail' | 'wait';
  readonly connectTimeoutMs: number;
  /** Time limit of each command of a call that looks after queues, dead letters and recurring sends, ms. */
  readonly commandTimeoutMs: number;
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
  commandTimeoutMs: 10_000,
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
 * Refuses options that are not known, for a layer with options of its own beside those of `new LeanMQ()`. Pure.
 *
 * @param owner whoever takes the options, as the error names it
 * @param own names that the layer takes itself
 * @param hints what to say about names that mean something else
 * @throws {ConfigError} that names the nearest known option
 */
export function assertOptionNames(
  owner: string,
  options: object,
  own: readonly string[],
  hints: ForeignNames = {},
): void {
  known(owner, options, [...NAMES, ...own], { ...FOREIGN_TO_LEANMQ, ...hints });
}

/** @throws {ConfigError} naming the option, what was given and what is allowed */
export function resolveOptions(options: LeanMQOptions): ResolvedOptions {
  if (typeof options !== 'object' || (options as unknown) === null) {
    // A text is a URL mostly, and has a password.
    const given = typeof options === 'string' ? 'a text' : show(options);
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
    throw ConfigError.option('consumerName', consumerName, 'a text of 1 character or more');
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
