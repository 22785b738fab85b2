import { inspect } from 'node:util';

import { Redis, type RedisOptions as AnyRedisOptions } from 'ioredis';

import { ConfigError, show, toError } from '../errors.js';
import { checkFactoryClient, type RedisOptions } from './client-options.js';
import { isClient, type ConnectionRole, type RedisFactory, type Target } from './target.js';

const RECONNECT_FIRST_MS = 50;
// Short enough to be back within a third of the default lease, long enough not to be a storm.
const RECONNECT_MAX_MS = 1_000;
// What a read may be late beyond its own waiting time.
const READ_LATE_MS = 1_500;

/** Clients that have a role; an application may have several LeanMQ. */
const taken = new WeakSet<Redis>();

/**
 * The options that the guarantees rest on. By default ioredis writes a command again when its reply was lost, which
 * stores a message twice; and it holds commands back while it is offline, where nobody can bound or time them.
 */
const GUARDED = Object.freeze({
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  replyMapping: 'legacy',
} satisfies AnyRedisOptions);

export interface ClientOptions {
  readonly role: ConnectionRole;
  /** Shown by CLIENT LIST. */
  readonly name: string;
  /** How long the server may owe a reply before the connection counts as dead, ms. */
  readonly silenceMs: number;
}

/** How long a read that waits `blockMs` at the server may be without an answer, ms: it is silent by right. Pure. */
export function readSilenceMs(blockMs: number, silenceMs: number): number {
  return blockMs + Math.min(READ_LATE_MS, silenceMs);
}

/**
 * Makes a client; it is not connected yet, unless a factory has connected it.
 *
 * @throws {ConfigError} for a client of a factory that cannot keep the guarantees
 */
export function createClient(target: Target, { role, name, silenceMs }: ClientOptions): Redis {
  const given = {
    connectTimeout: 5_000,
    ...target.options(),
    connectionName: name,
    lazyConnect: true,
    // ioredis waits that long for a socket that may be gone already; all that matters has been answered by then.
    disconnectTimeout: 100,
  };
  // Who uses a client by hand expects what ioredis does by default: commands wait, and are sent again.
  const options = role === 'user' ? given : { ...given, ...reconnection(silenceMs), ...GUARDED };
  const factory = target.factory();
  const client = factory === undefined ? new Redis(options) : made(factory, role, options);
  if (factory !== undefined && role !== 'user') {
    checkFactoryClient(client.options as Record<string, unknown>, target.readMs);
    // ioredis looks at these when it needs them: a client that is connected already keeps to them as well.
    Object.assign(client.options, reconnection(silenceMs), { disconnectTimeout: 100 });
  }
  taken.add(client);
  return concealed(client);
}

/** Gives a client up, so that whoever made it may use it again. */
export function releaseClient(client: Redis): void {
  taken.delete(client);
}

function reconnection(silenceMs: number): RedisOptions {
  return {
    // A half-open socket never fails by itself; a command without an answer is the only sign of it.
    socketTimeout: silenceMs,
    retryStrategy: (times) =>
      Math.min(RECONNECT_FIRST_MS * 2 ** Math.min(times - 1, 10), RECONNECT_MAX_MS) *
      (0.5 + Math.random() / 2),
    // ioredis would believe the server's own estimate, which may be far too long.
    maxLoadingRetryTime: RECONNECT_MAX_MS,
    // After a failover the old master answers READONLY: only a new connection finds the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
}

function made(factory: RedisFactory, role: ConnectionRole, options: RedisOptions): Redis {
  let client: unknown;
  try {
    client = factory(role, options);
  } catch (error) {
    const why = toError(error).message;
    throw new ConfigError(`The factory of option "redis" failed for role "${role}": ${why}`, {
      cause: error,
    });
  }
  if (typeof client !== 'object' || client === null || !isClient(client)) throw noClient(client);
  if (Reflect.get(client, 'isCluster') === true) {
    throw wrongClient('a client of a Cluster', 'Redis Cluster is not supported yet');
  }
  if (typeof Reflect.get(client, 'evalsha') !== 'function' || !('options' in client)) {
    throw wrongClient('a client of another library', 'return a client of ioredis');
  }
  if (taken.has(client as Redis)) {
    throw wrongClient(
      `for role "${role}" a client that has another role already`,
      'return a new client at each call: a read that waits would hold up everything else on it',
    );
  }
  if (
    !['wait', 'connecting', 'connect', 'ready', 'reconnecting'].includes((client as Redis).status)
  ) {
    throw wrongClient('a client that is closed', 'return a new client at each call');
  }
  return client as Redis;
}

function noClient(given: unknown): ConfigError {
  const isPromise = typeof Reflect.get(Object(given) as object, 'then') === 'function';
  // Nobody waits for it any more, and its failure is not to end the process.
  if (isPromise) void Promise.resolve(given).then(undefined, () => undefined);
  return isPromise
    ? wrongClient('a promise', 'return the client itself; it may connect later')
    : wrongClient(show(given), 'return a client, new Redis(url, options)');
}

function wrongClient(what: string, remedy: string): ConfigError {
  return new ConfigError(`The factory of option "redis" returned ${what}; ${remedy}.`);
}

/** A client has the password among its options, and whoever logs an object that holds the client would log it. */
function concealed(client: Redis): Redis {
  const look = { enumerable: false, configurable: true, writable: true };
  const described = (): string => `Redis { status: '${client.status}' }`;
  Object.defineProperty(client, inspect.custom, { ...look, value: described });
  Object.defineProperty(client, 'toJSON', { ...look, value: described });
  return client;
}
