import { Redis, type RedisOptions as AnyRedisOptions } from 'ioredis';

import { ConfigError } from '../errors.js';

/** ioredis' options; the shape of replies is ours to choose. */
export type RedisOptions = Omit<AnyRedisOptions, 'replyMapping'>;

/** What a connection is for. Each role has connections of its own, so that none waits behind another's work. */
export type ConnectionRole = 'publish' | 'durable' | 'read' | 'command' | 'user';

/**
 * Makes a client for a role. It must apply the options that it is given, because the guarantees rest on them; the
 * clients are closed by LeanMQ.
 */
export type RedisFactory = (role: ConnectionRole, options: RedisOptions) => Redis;

/** Where Redis is: a URL, ioredis' options (Sentinel too), or a factory of clients. */
export type RedisTarget = string | RedisOptions | RedisFactory;

const RECONNECT_FIRST_MS = 50;
// Short enough to be back within a third of the default lease, long enough not to be a storm.
const RECONNECT_MAX_MS = 1_000;

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

/** Makes a client that is not connected yet. */
export function createClient(target: RedisTarget, { role, name, silenceMs }: ClientOptions): Redis {
  const given = {
    connectTimeout: 5_000,
    ...(typeof target === 'object' ? target : {}),
    connectionName: name,
    lazyConnect: true,
    // ioredis waits that long for a socket that may be gone already; all that matters has been answered by then.
    disconnectTimeout: 100,
  };
  // Who uses a client by hand expects what ioredis does by default: commands wait, and are sent again.
  const options = role === 'user' ? given : { ...given, ...ofOurs(silenceMs) };
  if (typeof target === 'string') return new Redis(target, options);
  if (typeof target !== 'function') return new Redis(options);
  const client = target(role, options);
  return role === 'user' ? client : guarded(client);
}

function ofOurs(silenceMs: number): RedisOptions {
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
    ...GUARDED,
  };
}

function guarded(client: Redis): Redis {
  for (const [option, needed] of Object.entries(GUARDED)) {
    const given: unknown = Reflect.get(client.options, option);
    if (given !== needed) {
      throw ConfigError.option(
        `redis (client of the factory).${option}`,
        given,
        `${String(needed)}; pass the options that the factory is given to the client`,
      );
    }
  }
  return client;
}
