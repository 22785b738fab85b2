import { hostname } from 'node:os';

import { describe, expect, it, jest, test } from '@jest/globals';

import { ConfigError } from './errors.js';
import { HANDLE_DEFAULTS, resolveHandleOptions, type HandleOptions } from './handler-options.js';
import { MESSAGE_LIMITS } from './message/index.js';
import { ENGINE_DEFAULTS, resolveOptions, type LeanMQOptions } from './options.js';

const REDIS = 'redis://localhost:6379';

function resolve(options: object): ReturnType<typeof resolveOptions> {
  return resolveOptions({ redis: REDIS, ...options });
}

function resolveHandler(options: unknown): HandleOptions {
  return resolveHandleOptions(options as Partial<HandleOptions>, HANDLE_DEFAULTS);
}

/** What no whole number is, and how an error shows it. */
const NOT_WHOLE: readonly [given: unknown, shown: string][] = [
  [1.5, '1.5'],
  [NaN, 'NaN'],
  [Infinity, 'Infinity'],
  [2 ** 53, '9007199254740992'],
  ['5', '"5"'],
  [null, 'null'],
  [true, 'true'],
  [[5], 'an array'],
];

describe('options', () => {
  it('are the defaults but for what is given', () => {
    expect(resolve({})).toEqual({
      ...ENGINE_DEFAULTS,
      redis: REDIS,
      group: undefined,
      consumerName: hostname()
        .replace(/[^A-Za-z0-9._-]/g, '_')
        .slice(0, 64),
      handlers: HANDLE_DEFAULTS,
    });
    expect(resolve({ leaseMs: 500, group: 'orders', limits: { depth: 5 } })).toMatchObject({
      leaseMs: 500,
      blockMs: ENGINE_DEFAULTS.blockMs,
      group: 'orders',
      limits: { ...MESSAGE_LIMITS, depth: 5 },
    });
  });

  test.each([...Object.keys(ENGINE_DEFAULTS), 'group', 'consumerName', 'handlers'])(
    'that are given as undefined are the default: %s',
    (name) => {
      expect(resolve({ [name]: undefined })).toEqual(resolve({}));
    },
  );

  test.each(['leaseMS', 'Redis', 'concurrency', 'url', 'toString', '__proto__'])(
    'of an unknown name are refused: %s',
    (name) => {
      const options = JSON.parse(`{"redis":"${REDIS}","${name}":5}`) as LeanMQOptions;
      expect(() => resolveOptions(options)).toThrow(ConfigError);
      expect(() => resolveOptions(options)).toThrow(
        `Option "${name}" is not known; LeanMQ takes redis, group, consumerName, handlers, `,
      );
    },
  );

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a URL', REDIS],
  ])('are an object, not %s', (_, options) => {
    expect(() => resolveOptions(options as never)).toThrow(ConfigError);
    expect(() => resolveOptions(options as never)).toThrow('give an object with "redis"');
  });
});

describe('the defaults', () => {
  test.each([
    ['the engine', ENGINE_DEFAULTS],
    ['a handler', HANDLE_DEFAULTS],
  ])('of %s cannot be changed', (_, defaults) => {
    expect(Object.isFrozen(defaults)).toBe(true);
  });

  it('are acceptable themselves', () => {
    expect(resolve({ ...ENGINE_DEFAULTS, handlers: HANDLE_DEFAULTS })).toEqual(resolve({}));
  });
});

test('the durability of a service is checked when it starts', () => {
  const durability = { replicas: 2, timeoutMs: 500 };
  expect(resolve({ durability })).toMatchObject({ durability });
  expect(() => resolve({ durability: 'disk' })).toThrow('Option "durability" is "disk"');
  expect(() => resolve({ durability: { replicas: 0, timeoutMs: 1 } })).toThrow(
    'Option "durability.replicas" is 0; allowed: a whole number, 1 or more.',
  );
});

describe('a whole number', () => {
  test.each<[string, least: number, most: number]>([
    ['publishTimeoutMs', 1, 2_000_000_000],
    ['connectTimeoutMs', 1, 2_000_000_000],
    ['silenceMs', 1, 2_000_000_000],
    ['blockMs', 1, 2_000_000_000],
    ['leaseMs', 100, 2_000_000_000],
    ['drainTimeoutMs', 0, 2_000_000_000],
    ['sweepMs', 10, 2_000_000_000],
    ['dedupeMs', 1, Number.MAX_SAFE_INTEGER],
    ['maxBuffered', 1, Number.MAX_SAFE_INTEGER],
  ])('%s is from %d to %d', (name, least, most) => {
    expectWhole(name, least, most, (value) => resolve({ [name]: value }));
  });

  test.each<[string, least: number, most: number]>([
    ['concurrency', 1, 10_000],
    ['attempts', 1, Number.MAX_SAFE_INTEGER],
    ['maxCrashes', 2, Number.MAX_SAFE_INTEGER],
    ['handlerTimeoutMs', 1, 2_000_000_000],
    ['idempotencyMs', 1, Number.MAX_SAFE_INTEGER],
  ])('%s of a handler is from %d to %d', (name, least, most) => {
    expectWhole(name, least, most, (value) => resolveHandler({ [name]: value }));
    expectWhole(name, least, most, (value) => resolve({ handlers: { [name]: value } }).handlers);
  });

  function expectWhole(
    name: string,
    least: number,
    most: number,
    resolveWith: (value: unknown) => object,
  ): void {
    expect(resolveWith(least)).toHaveProperty(name, least);
    expect(resolveWith(most)).toHaveProperty(name, most);
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
    const tooMuch = Number.isSafeInteger(most + 1) ? [[most + 1, String(most + 1)]] : [];
    for (const [given, shown] of [...NOT_WHOLE, [least - 1, String(least - 1)], ...tooMuch]) {
      expect(() => resolveWith(given)).toThrow(ConfigError);
      expect(() => resolveWith(given)).toThrow(
        `Option "${name}" is ${String(shown)}; allowed: a whole number, ${range}.`,
      );
    }
  }
});

describe('an option that is not a number', () => {
  test.each<[option: string, unknown]>([
    ['redis', 'redis://cache:6379/2'],
    ['redis', { host: 'cache' }],
    ['redis', () => undefined],
    ['prefix', '{shop}'],
    ['group', 'orders'],
    ['connect', 'wait'],
    ['connect', 'fail'],
    ['startFrom', 'earliest'],
    ['startFrom', 'latest'],
    ['startFrom', { at: 1_758_000_000_000 }],
    ['allowEviction', true],
    ['retention', { count: 0 }],
    ['retention', { ageMs: 86_400_000 }],
    ['consumerName', 'worker-1'],
  ])('%s may be %p', (name, value) => {
    expect(resolve({ [name]: value })).toHaveProperty(name, value);
  });

  const target = "a URL, ioredis' options, or a factory of clients";
  const startFrom = '"earliest", "latest" or { at: epoch ms }';
  const retention = '{ count } or { ageMs }, a whole number, 0 or more';
  test.each<[option: string, given: unknown, shown: string, allowed: string]>([
    ['redis', undefined, 'undefined', target],
    ['redis', null, 'null', target],
    ['redis', 6379, '6379', target],
    ['redis', '', '""', target],
    ['redis', ' ', '" "', target],
    ['redis', [REDIS], 'an array', target],
    ['prefix', '', '""', '1 to 128 of A-Z'],
    ['prefix', '{a}{b}', '"{a}{b}"', '1 to 128 of A-Z'],
    ['group', '', '""', '1 to 128 of A-Z'],
    ['group', 'a:b', '"a:b"', '1 to 128 of A-Z'],
    ['group', null, 'null', '1 to 128 of A-Z'],
    ['connect', 'later', '"later"', '"fail" or "wait"'],
    ['connect', true, 'true', '"fail" or "wait"'],
    ['startFrom', 'now', '"now"', startFrom],
    ['startFrom', 0, '0', startFrom],
    ['startFrom', null, 'null', startFrom],
    ['startFrom', { at: -1 }, 'an object (Object)', startFrom],
    ['startFrom', { at: '2026-01-01' }, 'an object (Object)', startFrom],
    // "false" would be as good as true.
    ['allowEviction', 'false', '"false"', 'true or false'],
    ['allowEviction', 1, '1', 'true or false'],
    ['allowEviction', null, 'null', 'true or false'],
    ['retention', null, 'null', retention],
    ['retention', 1_000, '1000', retention],
    ['retention', 'all', '"all"', retention],
    ['retention', {}, 'an object (Object)', retention],
    ['retention', { count: -1 }, '-1', retention],
    ['retention', { count: 1.5 }, '1.5', retention],
    ['retention', { ageMs: '1h' }, '"1h"', retention],
    ['retention', { count: 1, ageMs: 1 }, 'an object (Object)', retention],
    ['limits', null, 'null', 'an object'],
    ['limits.depth', 0, '0', 'a whole number, 1 or more'],
    ['consumerName', '', '""', 'a text of 1 character or more'],
    ['consumerName', null, 'null', 'a text of 1 character or more'],
    ['consumerName', 5, '5', 'a text of 1 character or more'],
  ])('%s may not be %p', (name, given, shown, allowed) => {
    const [option = '', part] = name.split('.');
    const options = { [option]: part === undefined ? given : { [part]: given } };
    expect(() => resolve(options)).toThrow(ConfigError);
    expect(() => resolve(options)).toThrow(`Option "${name}" is ${shown}; allowed: ${allowed}`);
  });

  it('consumerName becomes part of a name in Redis', () => {
    expect(resolve({ consumerName: 'pod 1/ä:{x}' }).consumerName).toBe('pod_1____x_');
    expect(resolve({ consumerName: 'x'.repeat(100) }).consumerName).toBe('x'.repeat(64));
  });

  it('redis never gets into an error with its password', () => {
    expect(() => resolve({ redis: 'redis://:secret@cache', leaseMs: 1 })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });
});

describe('the options of a handler', () => {
  const DEFAULTS: HandleOptions = { ...HANDLE_DEFAULTS, attempts: 3, handlerTimeoutMs: 100 };

  it('are those of all handlers but for what is given', () => {
    expect(resolveHandleOptions(undefined, DEFAULTS)).toEqual(DEFAULTS);
    expect(resolveHandleOptions({ concurrency: 5 }, DEFAULTS)).toEqual({
      ...DEFAULTS,
      concurrency: 5,
    });
    expect(resolve({ handlers: { attempts: 3 } }).handlers).toEqual({
      ...HANDLE_DEFAULTS,
      attempts: 3,
    });
  });

  test.each(Object.keys(HANDLE_DEFAULTS))('that are undefined are the default: %s', (name) => {
    expect(resolveHandleOptions({ [name]: undefined }, DEFAULTS)).toEqual(DEFAULTS);
  });

  test.each(['attempt', 'Concurrency', 'leaseMs', 'constructor', '__proto__'])(
    'of an unknown name are refused: %s',
    (name) => {
      const options: unknown = JSON.parse(`{"${name}":5}`);
      const message = `Option "${name}" is not known; a handler takes concurrency, maxCrashes, `;
      expect(() => resolveHandler(options)).toThrow(ConfigError);
      expect(() => resolveHandler(options)).toThrow(message);
      expect(() => resolve({ handlers: options })).toThrow(message);
    },
  );

  test.each<[option: string, given: unknown, shown: string, allowed: string]>([
    ['onExpired', 'drop', '"drop"', '"discard" or "dead-letter"'],
    ['onExpired', null, 'null', '"discard" or "dead-letter"'],
    ['backoff', null, 'null', 'an object with a type, or a function'],
    ['backoff', 1_000, '1000', 'an object with a type, or a function'],
    ['handlerTimeoutMs', null, 'null', 'a whole number, 1 to 2000000000'],
    ['ack', 'never', '"never"', '"after" or "before"'],
    ['idempotent', 'yes', '"yes"', 'true, false or a function that returns a key'],
    ['rateLimit', null, 'null', 'an object'],
    ['rateLimit', 5, '5', 'an object'],
    ['rateLimit.count', 0, '0', 'a whole number, 1 to 10000'],
    ['rateLimit.perMs', 0.5, '0.5', 'a whole number, 1 to 2000000000'],
    ['batch', null, 'null', 'an object'],
    ['batch', true, 'true', 'an object'],
    ['batch.size', 0, '0', 'a whole number, 1 to 10000'],
    ['batch.waitMs', 60_001, '60001', 'a whole number, 0 to 60000'],
  ])('%s may not be %p', (name, given, shown, allowed) => {
    const [option = '', part] = name.split('.');
    const whole = { count: 1, perMs: 1, size: 1, waitMs: 1 };
    const options = { [option]: part === undefined ? given : { ...whole, [part]: given } };
    expect(() => resolveHandler(options)).toThrow(ConfigError);
    expect(() => resolveHandler(options)).toThrow(
      `Option "${name}" is ${shown}; allowed: ${allowed}.`,
    );
  });

  const store = { begin: jest.fn(), complete: jest.fn(), fail: jest.fn() };
  test.each([
    ['idempotencyStore', { idempotencyStore: store }, 'only together with "idempotent"'],
    ['ack', { ack: 'before', idempotent: true }, '"after" together with "idempotent"'],
  ])('that do not go together are refused: %s', (name, options, allowed) => {
    expect(() => resolveHandler(options)).toThrow(`Option "${name}" is `);
    expect(() => resolveHandler(options)).toThrow(`; allowed: ${allowed}.`);
  });

  test.each<[string, object]>([
    ['a key', { idempotent: () => 'key' }],
    ['a store', { idempotent: true, idempotencyStore: store }],
    ['at most once', { ack: 'before' }],
    ['a rate', { rateLimit: { count: 5, perMs: 1_000 } }],
    ['batches', { batch: { size: 5, waitMs: 0 } }],
  ])('may ask for %s', (_, options) => {
    expect(resolveHandler(options)).toEqual({ ...HANDLE_DEFAULTS, ...options });
  });

  test.each([null, 5, 'all'])('are an object, not %p', (options) => {
    expect(() => resolveHandler(options)).toThrow(ConfigError);
    expect(() => resolve({ handlers: options })).toThrow('The options of a handler are ');
  });
});
