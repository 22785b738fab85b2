import { describe, expect, test } from '@jest/globals';

import { ConfigError } from './errors.js';
import { HANDLE_DEFAULTS, resolveHandleOptions, type HandleOptions } from './handler-options.js';
import { resolveOptions } from './options.js';

/** Values that are not whole numbers, and how an error shows them. */
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

function resolve(options: object): ReturnType<typeof resolveOptions> {
  return resolveOptions({ redis: 'redis://localhost:6379', ...options });
}

function resolveHandler(options: unknown): HandleOptions {
  return resolveHandleOptions(options as Partial<HandleOptions>, HANDLE_DEFAULTS);
}

describe('an option that is a whole number', () => {
  test.each<[string, least: number, most: number]>([
    ['publishTimeoutMs', 1, 2_000_000_000],
    ['connectTimeoutMs', 1, 2_000_000_000],
    ['silenceMs', 1, 2_000_000_000],
    ['blockMs', 1, 2_000_000_000],
    ['leaseMs', 100, 2_000_000_000],
    ['drainTimeoutMs', 0, 2_000_000_000],
    ['sweepMs', 10, 2_000_000_000],
    ['dedupeMs', 1, 100 * 365 * 24 * 3_600_000],
    ['maxBuffered', 1, Number.MAX_SAFE_INTEGER],
    ['maxBufferedBytes', 1, Number.MAX_SAFE_INTEGER],
    ['maxTransactionSends', 1, 10_000],
    ['maxTransactionBytes', 1, 64 * 1024 * 1024],
  ])('%s ranges from %d to %d', (name, least, most) => {
    expectWhole(name, least, most, (value) => resolve({ [name]: value }));
  });

  test.each<[string, least: number, most: number]>([
    ['concurrency', 1, 10_000],
    ['attempts', 1, Number.MAX_SAFE_INTEGER],
    ['maxCrashes', 2, Number.MAX_SAFE_INTEGER],
    ['handlerTimeoutMs', 1, 2_000_000_000],
    ['idempotencyMs', 1, Number.MAX_SAFE_INTEGER],
  ])('%s of a handler ranges from %d to %d', (name, least, most) => {
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
