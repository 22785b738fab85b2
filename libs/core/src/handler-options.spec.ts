import { describe, expect, it, jest, test } from '@jest/globals';

import { ConfigError } from './errors.js';
import { HANDLE_DEFAULTS, resolveHandleOptions, type HandleOptions } from './handler-options.js';
import { resolveOptions } from './options.js';

function resolve(options: object): ReturnType<typeof resolveOptions> {
  return resolveOptions({ redis: 'redis://localhost:6379', ...options });
}

function resolveHandler(options: unknown): HandleOptions {
  return resolveHandleOptions(options as Partial<HandleOptions>, HANDLE_DEFAULTS);
}

describe('the options of a handler', () => {
  const DEFAULTS: HandleOptions = { ...HANDLE_DEFAULTS, attempts: 3, handlerTimeoutMs: 100 };

  it('default to those of all handlers', () => {
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

  test.each(Object.keys(HANDLE_DEFAULTS))('take the default for an undefined %s', (name) => {
    expect(resolveHandleOptions({ [name]: undefined }, DEFAULTS)).toEqual(DEFAULTS);
  });

  test.each(['attempt', 'Concurrency', 'leaseMs', 'constructor', '__proto__'])(
    'are refused with the unknown name %s',
    (name) => {
      const options: unknown = JSON.parse(`{"${name}":5}`);
      const message = `Option "${name}" is not known; a handler takes concurrency, maxCrashes, `;
      expect(() => resolveHandler(options)).toThrow(ConfigError);
      expect(() => resolveHandler(options)).toThrow(message);
      // The error for the service's option "handlers" names that option.
      expect(() => resolve({ handlers: options })).toThrow(
        message.replace('a handler', '"handlers"'),
      );
    },
  );

  test.each<[option: string, given: unknown, shown: string, allowed: string]>([
    ['onExpired', 'drop', '"drop"', '"discard" or "dead-letter"'],
    ['onExpired', null, 'null', '"discard" or "dead-letter"'],
    ['backoff', null, 'null', 'an object with a "type", or a function'],
    ['backoff', 1_000, '1000', 'an object with a "type", or a function'],
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
  ])('are refused when %s is %p', (name, given, shown, allowed) => {
    const [option = '', part] = name.split('.');
    const whole = option === 'batch' ? { size: 1, waitMs: 1 } : { count: 1, perMs: 1 };
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
  ])('are refused when %s contradicts another option', (name, options, allowed) => {
    expect(() => resolveHandler(options)).toThrow(`Option "${name}" is `);
    expect(() => resolveHandler(options)).toThrow(`; allowed: ${allowed}.`);
  });

  test.each<[unknown, string]>([
    ['redis', '"redis"'],
    [null, 'null'],
    [{ begin: jest.fn(), complete: jest.fn() }, 'an object (Object)'],
  ])('are refused with %p as idempotencyStore', (idempotencyStore, shown) => {
    expect(() => resolveHandler({ idempotent: true, idempotencyStore })).toThrow(
      `Option "idempotencyStore" is ${shown}; allowed: an object with begin(), complete() and fail().`,
    );
  });

  test.each<[string, object]>([
    ['a key', { idempotent: () => 'key' }],
    ['a store', { idempotent: true, idempotencyStore: store }],
    ['at most once', { ack: 'before' }],
    ['a rate', { rateLimit: { count: 5, perMs: 1_000 } }],
    ['batches', { batch: { size: 5, waitMs: 0 } }],
  ])('accept %s', (_, options) => {
    expect(resolveHandler(options)).toEqual({ ...HANDLE_DEFAULTS, ...options });
  });

  test.each([null, 5, 'all'])('are refused when they are %p instead of an object', (options) => {
    expect(() => resolveHandler(options)).toThrow(ConfigError);
    expect(() => resolve({ handlers: options })).toThrow('The options of "handlers" are ');
  });
});
