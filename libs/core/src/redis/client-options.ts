import { Redis, type RedisOptions as AnyRedisOptions } from 'ioredis';

import { ConfigError, show } from '../errors.js';
import { nearestName } from '../option-values.js';

/** ioredis' options; LeanMQ itself chooses the shape of replies. */
export type RedisOptions = Omit<AnyRedisOptions, 'replyMapping'>;

type Name = keyof AnyRedisOptions;
type Kind = 'text' | 'whole' | 'flag' | 'other' | 'object' | 'list' | 'function';

interface Rule {
  /** Shape of the value. A URL's query carries text, numbers and flags only. */
  readonly kind: Kind;
  /** The only value that the guarantees allow. */
  readonly only?: unknown;
  /** Remedy in the error for any other value. */
  readonly instead?: string;
  /** LeanMQ sets the option itself; a given value has no effect. */
  readonly isOurs?: true;
  readonly least?: number;
  readonly most?: number;
}

const [TEXT, WHOLE, FLAG, OBJECT, LIST, FUNCTION, OTHER] = (
  ['text', 'whole', 'flag', 'object', 'list', 'function', 'other'] as const
).map((kind) => Object.freeze({ kind })) as [Rule, Rule, Rule, Rule, Rule, Rule, Rule];

function only(kind: Kind, value: unknown, instead: string): Rule {
  return { kind, only: value, instead };
}

/** LeanMQ omits the option for clients that it creates; a factory's client must omit it too. */
function ours(value: boolean, instead: string): Rule {
  return { ...only('flag', value, instead), isOurs: true };
}

const OUR_RECONNECTION: Rule = { kind: 'other', isOurs: true };

/**
 * Every option of ioredis 6, so none can bypass the guarantees: a new ioredis option is a compile error here.
 * Applies to options objects, URL queries, and clients from a factory.
 */
const RULES: Readonly<Record<Name, Rule>> = Object.freeze({
  // Address and credentials.
  host: TEXT,
  port: { kind: 'whole', least: 1, most: 65_535 },
  path: TEXT,
  family: { kind: 'whole', least: 0, most: 6 },
  tls: OTHER,
  username: TEXT,
  password: TEXT,
  db: { kind: 'whole', least: 0, most: 1_000_000 },
  // Socket.
  connectTimeout: { kind: 'whole', least: 1 },
  keepAlive: WHOLE,
  noDelay: FLAG,
  Connector: FUNCTION,
  disableClientInfo: FLAG,
  clientInfoTag: TEXT,
  protocol: { kind: 'whole', least: 2, most: 3 },
  // Sentinel.
  sentinels: OTHER,
  name: TEXT,
  role: only('text', 'master', 'a replica takes no writes'),
  preferredSlaves: only('other', undefined, 'a replica takes no writes'),
  sentinelUsername: TEXT,
  sentinelPassword: TEXT,
  sentinelRetryStrategy: FUNCTION,
  sentinelReconnectStrategy: FUNCTION,
  sentinelCommandTimeout: WHOLE,
  sentinelMaxConnections: WHOLE,
  sentinelTLS: OBJECT,
  enableTLSForSentinelMode: FLAG,
  updateSentinels: FLAG,
  failoverDetector: FLAG,
  natMap: OTHER,
  // Set by LeanMQ.
  connectionName: { kind: 'text', isOurs: true },
  lazyConnect: { kind: 'flag', isOurs: true },
  disconnectTimeout: { kind: 'whole', isOurs: true },
  maxLoadingRetryTime: { kind: 'whole', isOurs: true },
  retryStrategy: OUR_RECONNECTION,
  reconnectOnError: OUR_RECONNECTION,
  socketTimeout: { kind: 'whole', instead: 'give LeanMQ\'s own option "silenceMs" instead' },
  // Required by the guarantees.
  keyPrefix: only('text', '', 'give LeanMQ\'s own option "prefix" instead'),
  autoResendUnfulfilledCommands: only(
    'flag',
    false,
    'a command that is sent again by itself stores a message twice',
  ),
  enableOfflineQueue: only(
    'flag',
    false,
    'commands that wait out of sight cannot be bounded; "maxBuffered" and "publishTimeoutMs" say what a send may wait for',
  ),
  maxRetriesPerRequest: only(
    'whole',
    0,
    'a command that is sent again by itself stores a message twice',
  ),
  replyMapping: only('text', 'legacy', 'LeanMQ reads replies in that form'),
  stringNumbers: ours(false, 'LeanMQ reads replies in that form'),
  readOnly: only('flag', false, 'a replica takes no writes'),
  monitor: only('flag', false, 'a connection that monitors takes no commands'),
  enableReadyCheck: ours(true, 'a server that still loads its data takes no messages'),
  enableAutoPipelining: ours(false, 'LeanMQ puts sends and acks together by itself'),
  autoPipeliningIgnoredCommands: LIST,
  commandTimeout: WHOLE,
  blockingTimeout: only(
    'whole',
    undefined,
    'it gives reads up whose messages then wait for their lease; "silenceMs" finds a dead connection',
  ),
  blockingTimeoutGrace: WHOLE,
  offlineQueue: only('flag', undefined, 'leave it out'),
  commandQueue: only('flag', undefined, 'leave it out'),
  // For users of `mq.redis`.
  autoResubscribe: FLAG,
  showFriendlyErrorStack: FLAG,
  scripts: OBJECT,
  himportFieldsets: OTHER,
});

const NAMES = Object.keys(RULES) as readonly Name[];

/** Option names of other libraries → their equivalents here. */
const FOREIGN: Readonly<Record<string, string>> = Object.freeze({
  url: 'give the URL itself as option "redis"',
  uri: 'give the URL itself as option "redis"',
  href: 'give the URL itself as option "redis"',
  connectionString: 'give the URL itself as option "redis"',
  redis: 'give what is inside as option "redis" itself',
  connection: 'give what is inside as option "redis" itself',
  client: 'give a factory of clients, (role, options) => new Redis(url, options)',
  socket: 'give "host", "port" and "tls" beside each other',
  hostname: 'did you mean "host"?',
  database: 'did you mean "db"?',
  user: 'did you mean "username"?',
  pass: 'did you mean "password"?',
  auth: 'did you mean "password"?',
  ssl: 'did you mean "tls"?',
  nodes: 'Redis Cluster is not supported yet',
  cluster: 'Redis Cluster is not supported yet',
  redisOptions: 'Redis Cluster is not supported yet',
});

/** Returns the error for an option unknown to ioredis; never shows its value, which may be a password. */
function unknown(where: string, name: string): ConfigError {
  const near = nearestName(name, NAMES);
  const hint =
    (Object.hasOwn(FOREIGN, name) ? FOREIGN[name] : undefined) ??
    (near === undefined ? "it takes ioredis' options" : `did you mean "${near}"?`);
  return new ConfigError(
    `Option "redis"${where} has ${show(name)}, which is not known to ioredis; ${hint}.`.replace(
      '?.',
      '?',
    ),
  );
}

/**
 * Checks ioredis options one by one. Pure. Undefined and null count as not given, as in ioredis.
 *
 * @param where origin of the options, for the error: `''`, or ` (its query)`
 * @param readMs time that a read may stay without a reply, in ms
 * @returns the options to pass on, with numbers and flags parsed
 * @throws {ConfigError} naming the option and the remedy; it shows no value that may be a secret
 */
export function checkClientOptions(
  given: Readonly<Record<string, unknown>>,
  where: string,
  readMs: number,
): RedisOptions {
  const checked: Record<string, unknown> = {};
  // Not Object.entries: ioredis also reads inherited properties.
  for (const name in given) {
    const value: unknown = given[name];
    if (!Object.hasOwn(RULES, name)) throw unknown(where, name);
    if (value === undefined || value === null) continue;
    const rule = RULES[name as Name];
    const sound = name === 'tls' ? tlsOf(value) : valueOf(rule, value);
    if (sound === undefined) throw refusal(where, name, shown(name, value), allowed(rule, name));
    if (rule.isOurs === true) continue;
    assertSafe(where, name, rule, sound, readMs);
    // A line break from a file or a variable is not part of a name.
    const isPlace = name === 'host' || name === 'path';
    checked[name] = isPlace && typeof sound === 'string' ? sound.trim() : sound;
  }
  return checked;
}

/** Checks the options of a factory's client, which are all set, mostly to defaults. */
export function checkFactoryClient(
  options: Readonly<Record<string, unknown>>,
  readMs: number,
): void {
  const where = ' (client of the factory)';
  for (const [name, rule] of Object.entries(RULES)) {
    const value = options[name];
    // LeanMQ later overrides the options that it sets itself.
    if (value !== undefined && name !== 'socketTimeout')
      assertSafe(where, name, rule, value, readMs);
  }
}

function assertSafe(where: string, name: string, rule: Rule, value: unknown, readMs: number): void {
  if (name === 'commandTimeout' && typeof value === 'number' && value <= readMs) {
    const needs = `more than ${readMs}, as long as a read may be without an answer ("blockMs" and "silenceMs"); leave it out: LeanMQ finds a dead connection by itself`;
    throw refusal(where, name, show(value), needs);
  }
  if (name === 'scripts') assertOwnNames(where, value as object);
  const isOther = 'only' in rule ? value !== rule.only : rule.instead !== undefined;
  if (!isOther) return;
  const needed = 'only' in rule && rule.only !== undefined ? `${show(rule.only)}; ` : '';
  const remedy = where.includes('factory')
    ? `${rule.instead}; pass the options that the factory is given to the client`
    : `${rule.instead}, or leave it out`.replace('leave it out, or leave it out', 'leave it out');
  throw refusal(where, name, show(value), needed + remedy);
}

/** Rejects scripts named like a command or client method: they would run in its place. */
function assertOwnNames(where: string, scripts: object): void {
  for (const [name, script] of Object.entries(scripts) as [string, unknown][]) {
    if (name in Redis.prototype || name.toLowerCase() in Redis.prototype) {
      const needed = 'names that no command of Redis and no method of its client has';
      throw refusal(where, 'scripts', `named ${show(name)}`, needed);
    }
    if (typeof (Object(script) as { lua?: unknown }).lua === 'string') continue;
    throw refusal(where, `scripts.${name}`, show(script), '{ lua, numberOfKeys, readOnly }');
  }
}

function refusal(where: string, name: string, value: string, remedy: string): ConfigError {
  return new ConfigError(`Option "redis.${name}"${where} is ${value}; allowed: ${remedy}.`);
}

/** Converts a value to the form that ioredis needs; undefined if it is invalid. */
function valueOf(
  { kind, least = 0, most = Number.MAX_SAFE_INTEGER }: Rule,
  value: unknown,
): unknown {
  switch (kind) {
    case 'text':
      return ['string', 'number'].includes(typeof value) ? String(value) : undefined;
    case 'flag':
      if (value === 'true' || value === 'false') return value === 'true';
      return typeof value === 'boolean' ? value : undefined;
    case 'whole': {
      // Environment variables are strings.
      const isDigits = typeof value === 'string' && /^\d{1,16}$/.test(value.trim());
      const number = isDigits ? Number(value) : value;
      const isWhole = Number.isSafeInteger(number) && (number as number) >= least;
      return isWhole && (number as number) <= most ? number : undefined;
    }
    case 'object':
      return typeof value === 'object' && !Array.isArray(value) ? value : undefined;
    case 'list':
      return Array.isArray(value) ? value : undefined;
    case 'function':
      return typeof value === 'function' ? value : undefined;
    case 'other':
      return value;
  }
}

/** Reads `tls`: ioredis treats any string as "with TLS", even "false". Its profiles are strings too. */
function tlsOf(value: unknown): unknown {
  if (value === true || value === 'true') return {};
  if (value === false || value === 'false') return false;
  const isProfile = typeof value === 'string' && TLS_PROFILES.includes(value);
  return isProfile ? value : valueOf(OBJECT, value);
}

function allowed({ kind, least = 0, most }: Rule, name: string): string {
  if (name === 'tls') return "true, false, or an object with the options of Node's tls.connect()";
  if (kind === 'flag') return 'true or false';
  if (kind === 'text') return 'a text';
  if (kind === 'object') return 'an object';
  if (kind === 'list') return 'a list';
  if (kind === 'function') return 'a function';
  return `a whole number, ${least}${most === undefined ? ' or more' : ` to ${most}`}`;
}

const TLS_PROFILES: readonly unknown[] = ['RedisCloudFixed', 'RedisCloudFlexible'];

const SECRET = /password|username|tls|sentinels/i;

/** Options whose values are never shown. */
function shown(name: string, value: unknown): string {
  return SECRET.test(name) ? `${typeof value} (not shown)` : show(value);
}
