import { describe, expect, it, test } from '@jest/globals';

import { ConfigError } from '../errors.js';
import { replicationOf, type Durability } from './durability.js';

const check = (durability: unknown): unknown => replicationOf(durability as Durability);

describe('durability', () => {
  it('is "memory", or a number of replicas with a time limit', () => {
    expect(check('memory')).toBeUndefined();
    for (const given of [
      { replicas: 1, timeoutMs: 0.5 },
      { replicas: 50, timeoutMs: 2_000_000_000 },
    ]) {
      expect(check(given)).toEqual(given);
    }
  });

  test.each([
    ['disk', '"disk"'],
    ['', '""'],
    [1, '1'],
    [true, 'true'],
    [null, 'null'],
  ])('cannot be %p', (given, shown) => {
    const message = `Option "durability" is ${shown}; allowed: "memory" or { replicas, timeoutMs }.`;
    expect(() => check(given)).toThrow(new ConfigError(message));
  });

  test.each([0, -1, 1.5, NaN, Infinity, 2 ** 31, '1', undefined, null])(
    'cannot require %p replicas',
    (replicas) => {
      const allowed = 'allowed: a whole number, 1 or more.';
      expect(() => check({ replicas, timeoutMs: 100 })).toThrow(ConfigError);
      expect(() => check({ replicas, timeoutMs: 100 })).toThrow(
        /^Option "durability.replicas" is /,
      );
      expect(() => check({ replicas, timeoutMs: 100 })).toThrow(allowed);
    },
  );

  test.each([0, -5, NaN, Infinity, 2_000_000_001, '100', undefined, null])(
    'cannot have a time limit of %p ms',
    (timeoutMs) => {
      expect(() => check({ replicas: 1, timeoutMs })).toThrow(ConfigError);
      expect(() => check({ replicas: 1, timeoutMs })).toThrow(
        /^Option "durability.timeoutMs" is .*; allowed: a number of milliseconds above 0/,
      );
    },
  );
});
