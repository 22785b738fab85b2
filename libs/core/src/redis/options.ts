import { inspect } from 'node:util';

import { Redis, type RedisOptions as AnyRedisOptions } from 'ioredis';

import { ConfigError, show, toError } from '../errors.js';
import { checkFactoryClient, type RedisOptions } from './client-options.js';
import { isClient, type ConnectionRole, type RedisFactory, type Target } from './target.js';

const RECONNECT_FIRST_MS = 50;
// Short enough to reconnect within a third of the default lease, long enough to avoid a reconnection storm.
const RECONNECT_MAX_MS = 1_000;
// Time that a read may take beyond its waiting time at the server.
const READ_LATE_MS = 1_500;

/** Clients that already have a role; an application may have several LeanMQ instances. */
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
  /** Name of the client in CLIENT LIST. */
  readonly name: string;
  /** Time without a reply after which the connection counts as dead, in ms. */
  readonly silenceMs: number;
}

/** Returns the time without a reply that a read of `blockMs` may take, in ms: a waiting read is silent by design. Pure. */
export function readSilenceMs(blockMs: number, silenceMs: number): number {
  return blockMs + Math.min(READ_LATE_MS, silenceMs);
}

/**
 * Makes a client, not yet connected unless a factory has connected it.
 *
 * @throws {ConfigError} for a client of a factory that cannot keep the guarantees
 */
export function createClient(target: Target, { role, name, silenceMs }: ClientOptions): Redis {
  const given = {
    connectTimeout: 5_000,
    ...target.options(),
    connectionName: name,
    lazyConnect: true,
    // ioredis waits this long for a socket that may be gone; at that point, every important command has its reply.
    disconnectTimeout: 100,
  };
  // A user of the raw client expects ioredis's defaults: commands wait and are sent again.
  const options = role === 'user' ? given : { ...given, ...reconnection(silenceMs), ...GUARDED };
  const factory = target.factory();
  const client = factory === undefined ? new Redis(options) : made(factory, role, options);
  if (factory !== undefined && role !== 'user') {
    checkFactoryClient(client.options as Record<string, unknown>, target.readMs);
    // ioredis reads these options when it needs them, so they also apply to a client that is already connected.
    Object.assign(client.options, reconnection(silenceMs), { disconnectTimeout: 100 });
  }
  taken.add(client);
  return concealed(client);
}

/** Releases a client, which its maker may then use again. */
export function releaseClient(client: Redis): void {
  taken.delete(client);
}

function reconnection(silenceMs: number): RedisOptions {
  return {
    // A half-open socket never fails by itself; a command without a reply is its only sign.
    socketTimeout: silenceMs,
    retryStrategy: (times) =>
      Math.min(RECONNECT_FIRST_MS * 2 ** Math.min(times - 1, 10), RECONNECT_MAX_MS) *
      (0.5 + Math.random() / 2),
    // ioredis would believe the server's own estimate, which may be far too long.
    maxLoadingRetryTime: RECONNECT_MAX_MS,
    // After a failover, the old master replies READONLY: only a new connection finds the new master.
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
      `for role "${role}" a client that already has another role`,
      'return a new client from each call: a waiting read blocks everything else on its connection',
    );
  }
  if (
    !['wait', 'connecting', 'connect', 'ready', 'reconnecting'].includes((client as Redis).status)
  ) {
    throw wrongClient('a closed client', 'return a new client from each call');
  }
  return client as Redis;
}

function noClient(given: unknown): ConfigError {
  const isPromise = typeof Reflect.get(Object(given) as object, 'then') === 'function';
  // Nothing awaits this promise; its rejection must not end the process.
  if (isPromise) void Promise.resolve(given).then(undefined, () => undefined);
  return isPromise
    ? wrongClient('a promise', 'return the client itself; it may connect later')
    : wrongClient(show(given), 'return a client, new Redis(url, options)');
}

function wrongClient(what: string, remedy: string): ConfigError {
  return new ConfigError(`The factory of option "redis" returned ${what}; ${remedy}.`);
}

/** Hides the options of a client, which hold the password, from logs of objects that hold the client. */
function concealed(client: Redis): Redis {
  const look = { enumerable: false, configurable: true, writable: true };
  const described = (): string => `Redis { status: '${client.status}' }`;
  Object.defineProperty(client, inspect.custom, { ...look, value: described });
  Object.defineProperty(client, 'toJSON', { ...look, value: described });
  return client;
}
