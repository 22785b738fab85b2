import { hostname } from 'node:os';

import { describe, expect, it, test } from '@jest/globals';

import { ConfigError } from './errors.js';
import { HANDLE_DEFAULTS } from './handler-options.js';
import { MESSAGE_LIMITS } from './message/index.js';
import { ENGINE_DEFAULTS, resolveOptions, type LeanMQOptions } from './options.js';
import { Target } from './redis/index.js';

const REDIS = 'redis://localhost:6379';

function resolve(options: object): ReturnType<typeof resolveOptions> {
  return resolveOptions({ redis: REDIS, ...options });
}

describe('options', () => {
  it('take the default unless a value is given', () => {
    expect(resolve({})).toEqual({
      ...ENGINE_DEFAULTS,
      redis: expect.any(Target),
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
    'take the default for an undefined %s',
    (name) => {
      expect(resolve({ [name]: undefined })).toEqual(resolve({}));
    },
  );

  test.each(['leaseMS', 'Redis', 'concurrency', 'url', 'toString', '__proto__'])(
    'are refused with the unknown name %s',
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
  ])('are refused when they are %s instead of an object', (_, options) => {
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

  it('pass the validation of options', () => {
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

describe('an option that is not a number', () => {
  test.each<[option: string, unknown]>([
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
  ])('accepts %s as %p', (name, value) => {
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
    // The string "false" would be truthy.
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
    ['consumerName', '', '""', 'a non-empty string'],
    ['consumerName', null, 'null', 'a non-empty string'],
    ['consumerName', 5, '5', 'a non-empty string'],
  ])('refuses %s as %p', (name, given, shown, allowed) => {
    const [option = '', part] = name.split('.');
    const options = { [option]: part === undefined ? given : { [part]: given } };
    expect(() => resolve(options)).toThrow(ConfigError);
    expect(() => resolve(options)).toThrow(`Option "${name}" is ${shown}; allowed: ${allowed}`);
  });

  it('consumerName is reduced to characters that a name in Redis may have', () => {
    expect(resolve({ consumerName: 'pod 1/ä:{x}' }).consumerName).toBe('pod_1____x_');
    expect(resolve({ consumerName: 'x'.repeat(100) }).consumerName).toBe('x'.repeat(64));
  });

  it('redis never shows its password in an error', () => {
    expect(() => resolve({ redis: 'redis://:secret@cache', leaseMs: 1 })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });
});
