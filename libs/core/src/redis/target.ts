import { isIP } from 'node:net';

import type { Redis } from 'ioredis';

import { ConfigError, show } from '../errors.js';
import { checkClientOptions, type RedisOptions } from './client-options.js';
import { readUrl } from './url.js';

/** Purpose of a connection. Each role has its own connections, so none waits behind the work of another. */
export type ConnectionRole = 'publish' | 'durable' | 'read' | 'command' | 'user';

/**
 * Factory that makes a client for a role. The factory must apply the given options, because the guarantees depend on them,
 * and return a new client from each call. LeanMQ closes the client.
 */
export type RedisFactory = (role: ConnectionRole, options: RedisOptions) => Redis;

/** Address of Redis: a URL, ioredis options (including Sentinel), or a factory of clients. */
export type RedisTarget = string | URL | RedisOptions | RedisFactory;

/** An environment variable that is not set, once it went through a template or a text. */
const NO_HOST = /^(undefined|null|nan|\[object object\])$/i;

const WHAT_IT_TAKES = "a URL, ioredis' options, or a factory of clients";

/**
 * Where Redis is, checked. What it knows is private, so that no look at it (inspect, JSON, a debugger's log) tells a
 * password.
 */
export class Target {
  readonly #options: RedisOptions | undefined;
  readonly #factory: RedisFactory | undefined;

  /**
   * @param readMs how long a read may be without an answer, ms
   * @throws {ConfigError} for what is no target, or an option that would break a guarantee; it shows no secret
   */
  constructor(
    given: unknown,
    readonly readMs: number,
  ) {
    if (typeof given === 'function') this.#factory = factoryOf(given);
    else this.#options = optionsOf(given, readMs);
  }

  /** Undefined for a factory. */
  options(): RedisOptions | undefined {
    return this.#options;
  }

  factory(): RedisFactory | undefined {
    return this.#factory;
  }
}

function factoryOf(given: unknown): RedisFactory {
  if (/^class\b/.test(Function.prototype.toString.call(given))) {
    throw noTarget('a class', 'give a factory: (role, options) => new Redis(url, options)');
  }
  return given as RedisFactory;
}

function optionsOf(given: unknown, readMs: number): RedisOptions {
  if (typeof given === 'string') {
    // An environment variable that is not set, mostly.
    if (given.trim() === '') throw noTarget(show(given), 'is the environment variable set?');
    return readUrl(given, readMs);
  }
  if (typeof given !== 'object' || given === null) throw noTarget(show(given));
  if (Array.isArray(given)) throw noTarget('an array', 'Redis Cluster is not supported yet');
  if (typeof Reflect.get(given, 'then') === 'function') {
    throw noTarget('a promise', 'await it first');
  }
  // Duck-type: `instanceof` fails for a URL of another realm.
  if ('searchParams' in given && 'href' in given) return readUrl(String(given.href), readMs);
  if (isClient(given)) {
    throw noTarget(
      'a client',
      'give a factory instead: (role, options) => new Redis(url, options)',
    );
  }
  const options = checkClientOptions(given as Record<string, unknown>, '', readMs);
  assertSomewhere(options, given);
  return options;
}

/** ioredis takes localhost for whatever is missing. */
function assertSomewhere(options: RedisOptions, given: object): void {
  const { sentinels, Connector, host = '', path = '' } = options;
  if (Connector !== undefined) return;
  if (sentinels !== undefined) return assertSentinels(options);
  if (path !== '') assertSocket(host, path);
  if (host !== '' && !NO_HOST.test(host)) return assertHost('host', host);
  if (host === '' && path !== '' && !NO_HOST.test(path)) return;
  const hint = 'host' in given ? 'is the environment variable set?' : 'name the host, or a "path"';
  throw noTarget('an object without a host', hint);
}

/** ioredis would leave out the host, and look for a file named like a URL. */
function assertSocket(host: string, path: string): void {
  if (host !== '') {
    throw new ConfigError(
      'Option "redis" has both "host" and "path", which name two servers; give the host, or the path of a socket (a database is "db").',
    );
  }
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return;
  throw new ConfigError(
    'Option "redis.path" is a URL; allowed: the path of a socket. Give the URL itself as option "redis".',
  );
}

/** Refuses a host that is more than a name, since looking it up would fail. The text may be a URL with a password. */
function assertHost(name: string, host: string): void {
  // An address may name its zone: fe80::1%eth0.
  if (isIP(host.replace(/%.*$/, '')) !== 0 || /^[^\s:/@"'${}\\]+$/.test(host)) return;
  throw new ConfigError(
    `Option "redis.${name}" is more than a host; allowed: a host name or an address. Give the port as "port", or a URL as option "redis" itself.`,
  );
}

function assertSentinels({ sentinels, name }: RedisOptions): void {
  const isSound =
    Array.isArray(sentinels) &&
    sentinels.length > 0 &&
    sentinels.every((each: unknown) => {
      const { host, port } = Object(each) as { host?: unknown; port?: unknown };
      if (typeof host !== 'string' || NO_HOST.test(host || 'null')) return false;
      return port === undefined || port === null || isPort(port);
    });
  if (!isSound) {
    throw new ConfigError(
      'Option "redis.sentinels" is not a list of sentinels; allowed: [{ host, port }, …], each with a host, and a port of 1 to 65535 if it has one.',
    );
  }
  for (const { host = '' } of sentinels) assertHost('sentinels', host);
  if (name === undefined || name === '') {
    throw new ConfigError(
      'Option "redis.name" is missing; allowed: the name under which the sentinels know the master.',
    );
  }
}

function isPort(port: unknown): boolean {
  // Environment variables are texts.
  const number = typeof port === 'string' && /^\d{1,5}$/.test(port) ? Number(port) : port;
  return Number.isInteger(number) && (number as number) >= 1 && (number as number) <= 65_535;
}

/** Duck-types: the client may come from another copy or version of ioredis, or from another library. */
export function isClient(given: object): boolean {
  return ['sendCommand', 'disconnect', 'duplicate'].some(
    (name) => typeof Reflect.get(given, name) === 'function',
  );
}

export function noTarget(what: string, hint?: string): ConfigError {
  const end = hint === undefined ? '.' : ` (${hint})`;
  return new ConfigError(`Option "redis" is ${what}; allowed: ${WHAT_IT_TAKES}${end}`);
}
