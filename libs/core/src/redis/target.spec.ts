import { inspect } from 'node:util';

import { describe, expect, it, test } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';

import { ConfigError } from '../errors.js';
import { createClient } from './options.js';
import { Target, type ConnectionRole } from './target.js';

const READ_MS = 6_500;
const SECRET = 'S3cr3tPw';

function optionsOf(redis: unknown): object | undefined {
  return new Target(redis, READ_MS).options();
}

function refusalOf(redis: unknown): string {
  try {
    new Target(redis, READ_MS);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return inspect(error, { depth: 8, showHidden: true });
  }
  throw new Error('it was accepted');
}

describe('a URL', () => {
  test.each([
    ['redis://h:6380', { host: 'h', port: 6380 }],
    [' redis://h \n', { host: 'h' }],
    ['REDIS://h/', { host: 'h' }],
    ['valkey://h:1/2', { host: 'h', port: 1, db: 2 }],
    ['rediss://h', { host: 'h', tls: {} }],
    ['valkeys://h', { host: 'h', tls: {} }],
    ['redis://h?tls=true', { host: 'h', tls: {} }],
    ['h:6380', { host: 'h', port: 6380 }],
    ['h:6380/3', { host: 'h', port: 6380, db: 3 }],
    ['//h', { host: 'h' }],
    ['redis://[::1]:6380', { host: '::1', port: 6380 }],
    ['redis://u:p%2Fw%3A%40%23%3F%25@h', { host: 'h', username: 'u', password: 'p/w:@#?%' }],
    ['redis://:p+w@h', { host: 'h', password: 'p+w' }],
    ['redis://h?db=4&family=6&noDelay=false', { host: 'h', db: 4, family: 6, noDelay: false }],
    ['redis://h?enableOfflineQueue=false', { host: 'h', enableOfflineQueue: false }],
    ['/run/redis.sock', { path: '/run/redis.sock' }],
    ['/run/redis.sock?db=2', { path: '/run/redis.sock', db: 2 }],
  ])('%j is read', (url, options) => {
    expect(optionsOf(url)).toEqual(options);
  });

  it('may be an object', () => {
    expect(optionsOf(new URL('redis://h:6380/1'))).toEqual({ host: 'h', port: 6380, db: 1 });
  });

  test.each([
    ['', 'environment variable'],
    ['  \n', 'environment variable'],
    ['redis://', 'cannot be parsed|no host'],
    ['redis:///3', 'no host'],
    [':6379', 'a port only'],
    ['redis://undefined:6379', 'no host'],
    ['undefined', 'no host'],
    ['http://h', 'scheme is "http"'],
    ['redis+sentinel://h', 'scheme is "redis\\+sentinel"'],
    ['unix:///run/redis.sock', 'scheme is "unix"'],
    ['redis:localhost:6379', 'cannot be parsed'],
    ['"redis://h:6379"', 'in quotation marks'],
    ["'redis://h:6379'", 'in quotation marks'],
    ['${REDIS_URL}', 'a variable that nobody has replaced'],
    ['redis://$REDIS_HOST', 'a variable that nobody has replaced'],
    ['6379', 'a port only'],
    ['redis://h:undefined', 'its port is not set'],
    ['redis://a:1,b:2', 'several parts.*"sentinels" and "name"'],
    ['redis://h/abc', 'no database'],
    ['redis://h/-1', 'no database'],
    ['redis://h/1.5', 'no database'],
    ['redis://h/1?db=2', 'two databases'],
    ['redis://h?db=abc', 'redis.db'],
    ['redis://h:0', 'redis.port'],
    ['redis://h?replyMapping=resp3', 'redis.replyMapping'],
    ['redis://h?keyPrefix=x:', 'redis.keyPrefix.*"prefix"'],
    ['redis://h?socketTimeout=1000', 'redis.socketTimeout.*"silenceMs"'],
    ['redis://h?commandTimeout=1000', 'redis.commandTimeout.*"blockMs"'],
    ['redis://h?enableOfflineQueue=true', 'redis.enableOfflineQueue'],
    ['redis://h?enableofflinequeue=true', 'did you mean "enableOfflineQueue"'],
    ['redis://h?host=other', 'authority'],
    ['redis://h?noDelay=maybe', 'redis.noDelay'],
    ['rediss://h?tls=false', 'tls=false'],
  ])('%j is refused', (url, why) => {
    expect(refusalOf(url)).toMatch(new RegExp(why, 's'));
  });

  test.each([
    `redis://:${SECRET}/xx@h`,
    `redis://:${SECRET}#xx@h`,
    `redis://:${SECRET}?xx@h`,
    `redis://u:1234/${SECRET}@h`,
    `redis://u:1234?${SECRET}=x@h`,
    `redis://u:1234#${SECRET}@h`,
    `redis://u:${SECRET}%zz@h`,
    `redis://h:${SECRET}`,
    `redis://h?password=${SECRET}&pasword=${SECRET}`,
    `http://:${SECRET}@h`,
    `:${SECRET}@`,
    `redis://:p,${SECRET}`,
    `redis://:p,${SECRET}:1@h:undefined`,
    `"redis://:${SECRET}@h"`,
  ])('of which a password breaks off is refused without telling it (%#)', (url) => {
    expect(refusalOf(url)).not.toContain(SECRET);
  });
});

describe('options', () => {
  test.each([
    [{ host: 'h' }],
    [{ path: '/run/redis.sock' }],
    [{ sentinels: [{ host: 'h', port: 1 }], name: 'm' }],
    [{ host: 'fe80::1%eth0' }],
    [{ host: 'my_redis-0.svc' }],
  ])('%j are passed on', (options) => {
    expect(optionsOf(options)).toEqual(options);
  });

  it('may be strings from the environment, or undefined', () => {
    const given = { host: ' h\n', port: '6380', db: '3', username: undefined, keepAlive: null };
    expect(optionsOf(given)).toEqual({ host: 'h', port: 6380, db: 3 });
  });

  test.each<[unknown, unknown]>([
    [true, {}],
    ['true', {}],
    [{ ca: 'x' }, { ca: 'x' }],
    ['RedisCloudFixed', 'RedisCloudFixed'],
    [false, false],
    ['false', false],
  ])('with tls = %j have TLS, or none, as the word says', (tls, read) => {
    expect(optionsOf({ host: 'h', tls })).toEqual({ host: 'h', tls: read });
  });

  test.each([
    [undefined, 'is undefined'],
    [null, 'is null'],
    [6379, 'is 6379'],
    [[], 'an array'],
    [{}, 'without a host'],
    [{ port: 6379 }, 'without a host'],
    [{ host: undefined, port: 6379 }, 'environment variable'],
    [{ host: '' }, 'environment variable'],
    [{ host: 'undefined' }, 'environment variable'],
    [{ url: `redis://:${SECRET}@h` }, 'the URL itself'],
    [{ host: 'h', pasword: SECRET }, 'did you mean "password"'],
    [{ host: 'h', password: { text: SECRET } }, 'redis.password'],
    [{ host: 'h', db: Number.NaN }, 'redis.db'],
    [{ host: 'h', db: -1 }, 'redis.db'],
    [{ host: 'h', db: 'abc' }, 'redis.db'],
    [{ host: 'h', port: 'abc' }, 'redis.port'],
    [{ socket: { host: 'h' } }, '"host", "port"'],
    [{ sentinels: [], name: 'm' }, 'redis.sentinels'],
    [{ sentinels: [{ port: 1 }], name: 'm' }, 'redis.sentinels'],
    [{ sentinels: [{ host: 'h' }] }, 'redis.name'],
    [Promise.resolve('redis://h'), 'a promise'],
    [Redis, 'a class'],
    [{ host: 'h', scripts: { evalsha: { lua: '' } } }, 'redis.scripts'],
    [{ host: 'h', scripts: { sendCommand: { lua: '' } } }, 'no method of its client'],
    [{ host: 'h', scripts: { mine: 5 } }, 'redis.scripts.mine'],
    [{ host: 'h', scripts: 5 }, 'redis.scripts'],
    [{ host: 'h', tls: 1 }, 'redis.tls'],
    [{ host: 'h', tls: SECRET }, 'redis.tls'],
    [{ host: 'h', tls: [] }, 'redis.tls'],
    [{ host: 'h', Connector: 5 }, 'redis.Connector'],
    [{ host: 'h:6379' }, 'more than a host'],
    [{ host: `redis://:${SECRET}@h` }, 'more than a host'],
    [{ host: '${REDIS_HOST}' }, 'more than a host'],
    [{ host: 'h/' }, 'more than a host'],
    [{ host: 'h', path: '/run/redis.sock' }, 'two servers'],
    [{ path: `redis://:${SECRET}@h` }, 'redis.path'],
    [{ sentinels: [null], name: 'm' }, 'redis.sentinels'],
    [{ sentinels: ['h:26379'], name: 'm' }, 'redis.sentinels'],
    [{ sentinels: [{ host: 'h', port: 'abc' }], name: 'm' }, 'a port of 1 to 65535'],
    [{ sentinels: [{ host: 'h:26379' }], name: 'm' }, 'more than a host'],
  ])('%j are refused', (options, why) => {
    const text = refusalOf(options);
    expect(text).toContain(why);
    expect(text).not.toContain(SECRET);
  });

  test.each([
    ['keyPrefix', 'x:'],
    ['enableOfflineQueue', true],
    ['autoResendUnfulfilledCommands', true],
    ['maxRetriesPerRequest', 20],
    ['replyMapping', 'resp3'],
    ['readOnly', true],
    ['monitor', true],
    ['role', 'slave'],
    ['commandTimeout', 1_000],
    ['commandTimeout', READ_MS],
    ['blockingTimeout', 1_000],
    ['socketTimeout', 1_000],
  ])('that would break a guarantee are refused, with the remedy: %s = %p', (name, value) => {
    const refused = new RegExp(`redis\\.${name}" is .*; ?allowed: ..`);
    expect(refusalOf({ host: 'h', [name]: value })).toMatch(refused);
    if (name === 'socketTimeout') return;
    expect(() => clientOf(() => new Redis({ ...SAFE, [name]: value }))).toThrow(
      `redis.${name}" (client of the factory)`,
    );
  });

  test.each([
    ['stringNumbers', true, false],
    ['enableReadyCheck', false, true],
    ['enableAutoPipelining', true, false],
  ])('are as LeanMQ needs them, whatever is given: %s = %p', (name, value, needed) => {
    const client = createClient(new Target({ host: 'h', [name]: value }, READ_MS), {
      ...{ role: 'command', name: 'n', silenceMs: 5_000 },
    });
    expect(client.options).toHaveProperty(name, needed);
    expect(() => clientOf(() => new Redis({ ...SAFE, [name]: value }))).toThrow(
      `redis.${name}" (client of the factory)`,
    );
  });

  it('may not be a client', () => {
    const client = new Redis({ lazyConnect: true });
    expect(refusalOf(client)).toContain('a client; allowed');
    client.disconnect();
  });
});

const SAFE = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
} as const;

function clientOf(factory: unknown, role: ConnectionRole = 'command'): Redis {
  const target = new Target(factory, READ_MS);
  return createClient(target, { role, name: 'n', silenceMs: 5_000 });
}

describe('a factory', () => {
  test.each<[string, unknown, string]>([
    ['a promise', () => Promise.resolve(new Redis(SAFE)), 'a promise; return the client itself'],
    ['a promise that fails', () => Promise.reject(new Error('x')), 'a promise'],
    ['nothing', () => undefined, 'undefined; return a client'],
    ['a URL', () => 'redis://h', 'return a client'],
    ['options', () => ({ host: 'h' }), 'return a client'],
    ['a Cluster', () => new Cluster([], { lazyConnect: true }), 'Cluster is not supported yet'],
  ])('that returns %s is refused', (_, factory, why) => {
    expect(() => clientOf(factory)).toThrow(ConfigError);
    expect(() => clientOf(factory)).toThrow(why);
  });

  it('that throws is named in the error', () => {
    const fail = (): never => {
      throw new Error('no vault');
    };
    expect(() => clientOf(fail)).toThrow('failed for role "command": no vault');
  });

  it('may not return the same client twice', () => {
    const client = new Redis(SAFE);
    expect(clientOf(() => client)).toBe(client);
    expect(() => clientOf(() => client, 'read')).toThrow('already has another role');
  });

  it('returns a client that reconnects and times out as the guarantees require', () => {
    const { options } = clientOf(() => new Redis({ ...SAFE, retryStrategy: () => null }));
    expect(options).toMatchObject({ socketTimeout: 5_000, disconnectTimeout: 100 });
    expect(options.retryStrategy?.(1)).toBeGreaterThan(0);
  });
});

it('inspecting a target or its client never shows the password', () => {
  const target = new Target(`redis://:${SECRET}@h`, READ_MS);
  const client = createClient(target, { role: 'user', name: 'n', silenceMs: 5_000 });
  const look = { depth: 9, showHidden: true, getters: true };
  expect(inspect({ target, client }, look)).not.toContain(SECRET);
  expect(JSON.stringify({ target, client })).not.toContain(SECRET);
});
