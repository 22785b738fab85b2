import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';

import { ConfigError } from '../errors.js';
import { BACKOFF_DEFAULTS, backoffMs, validBackoff, type Backoff } from './backoff.js';
import { SETTLE_DEFAULTS } from './options.js';

type Exponential = Extract<Backoff, { type: 'exponential' }>;

const LEAST = (): number => 0;
// Math.random never returns 1, but can come this close.
const MOST = (): number => 1 - 2 ** -53;
const DEFAULT: Backoff = { type: 'exponential' };

function delay(backoff: Backoff, attempt: number, random = MOST): number {
  return backoffMs(backoff, attempt, undefined, random);
}

describe('a delay', () => {
  test.each<[string, Backoff, number, least: number, most: number]>([
    ['the default after the first failure', DEFAULT, 1, 500, 1_000],
    ['the default after the second', DEFAULT, 2, 1_000, 2_000],
    ['the default after the ninth', DEFAULT, 9, 128_000, 256_000],
    ['the default at its cap', DEFAULT, 10, 150_000, 300_000],
    ['the default after a million', DEFAULT, 1_000_000, 150_000, 300_000],
    ['a base of its own', { ...DEFAULT, baseMs: 100 }, 3, 200, 400],
    ['a factor of its own', { ...DEFAULT, factor: 3 }, 3, 4_500, 9_000],
    ['no growth', { ...DEFAULT, factor: 1 }, 50, 500, 1_000],
    ['a cap of its own', { ...DEFAULT, capMs: 1_500 }, 2, 750, 1_500],
    ['a cap below the base', { ...DEFAULT, capMs: 10 }, 1, 5, 10],
    ['no cap to speak of', { ...DEFAULT, capMs: 1e12 }, 21, 524_288_000, 1_048_576_000],
    ['full jitter', { ...DEFAULT, jitter: 'full' }, 2, 0, 2_000],
    ['no jitter', { ...DEFAULT, jitter: 'none' }, 2, 2_000, 2_000],
    ['no base', { ...DEFAULT, baseMs: 0 }, 1, 0, 0],
    ['no base after so many that the factor is infinite', { ...DEFAULT, baseMs: 0 }, 5_000, 0, 0],
    ['fixed', { type: 'fixed', delayMs: 20 }, 1, 20, 20],
    ['fixed after many', { type: 'fixed', delayMs: 20 }, 1_000, 20, 20],
    ['fixed at once', { type: 'fixed', delayMs: 0 }, 1, 0, 0],
    ['fixed with a fraction', { type: 'fixed', delayMs: 1.6 }, 1, 2, 2],
    ['a function', (attempt) => attempt * 10, 7, 70, 70],
    ['a function that returns a fraction', () => 0.4, 1, 0, 0],
  ])('of %s is as documented', (_, backoff, attempt, least, most) => {
    expect(delay(backoff, attempt, LEAST)).toBe(least);
    expect(delay(backoff, attempt, MOST)).toBe(most);
  });

  it('takes an undefined part for the default', () => {
    const backoff = {
      type: 'exponential',
      baseMs: undefined,
      factor: undefined,
      capMs: undefined,
      jitter: undefined,
    } as unknown as Backoff;
    expect(delay(validBackoff(backoff), 3)).toBe(4_000);
  });

  it('of a function depends on the attempt and on the error that the handler threw', () => {
    const thrown = new Error('boom');
    const calls: unknown[] = [];
    backoffMs((...call) => calls.push(call), 4, thrown);
    expect(calls).toEqual([[4, thrown]]);
  });

  test.each([NaN, -1, Infinity, -Infinity, '5', undefined, null, Promise.resolve(5), 5n])(
    'of a function that returns %p is refused',
    (given) => {
      expect(() => backoffMs(() => given as number, 1)).toThrow(ConfigError);
      expect(() => backoffMs(() => given as number, 1)).toThrow('Option "backoff" is ');
    },
  );
});

describe('an exponential backoff', () => {
  const backoffs: fc.Arbitrary<Exponential> = fc.record(
    {
      type: fc.constant('exponential' as const),
      baseMs: fc.nat({ max: 1e9 }),
      factor: fc.double({ min: 1, max: 1e6, noNaN: true }),
      capMs: fc.nat({ max: 1e9 }),
      jitter: fc.constantFrom('equal' as const, 'full' as const, 'none' as const),
    },
    { requiredKeys: ['type'] },
  );
  const attempts = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 2 ** 31 }));
  const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('stays between half and all of its value, with any parts and after any number of attempts', () => {
    fc.assert(
      fc.property(backoffs, attempts, randoms, (parts, attempt, random) => {
        const backoff: Exponential = { ...parts, jitter: 'equal' };
        const full = delay({ ...backoff, jitter: 'none' }, attempt);
        const ms = delay(validBackoff(backoff), attempt, () => random);
        expect(ms).toBeGreaterThanOrEqual(Math.floor(full / 2));
        expect(ms).toBeLessThanOrEqual(full);
      }),
    );
  });

  it('is a whole number from 0 to its cap', () => {
    fc.assert(
      fc.property(backoffs, attempts, randoms, (backoff, attempt, random) => {
        const ms = delay(backoff, attempt, () => random);
        expect(Number.isSafeInteger(ms)).toBe(true);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(backoff.capMs ?? BACKOFF_DEFAULTS.capMs);
      }),
    );
  });

  it('never shrinks from one attempt to the next with the same random number', () => {
    fc.assert(
      fc.property(backoffs, attempts, randoms, (backoff, attempt, random) => {
        const now = delay(backoff, attempt, () => random);
        expect(delay(backoff, attempt + 1, () => random)).toBeGreaterThanOrEqual(now);
      }),
    );
  });
});

describe('the defaults', () => {
  function spanMs(random: () => number): number {
    let sum = 0;
    for (let attempt = 1; attempt < SETTLE_DEFAULTS.attempts; attempt += 1) {
      sum += delay(SETTLE_DEFAULTS.backoff, attempt, random);
    }
    return sum;
  }

  it('span four to eight and a half minutes with their ten attempts', () => {
    expect(SETTLE_DEFAULTS.attempts).toBe(10);
    expect(spanMs(LEAST) / 60_000).toBeGreaterThan(4);
    expect(spanMs(MOST) / 60_000).toBeLessThan(8.6);
  });

  it('span more than six minutes on average', () => {
    expect(spanMs(() => 0.5) / 60_000).toBeGreaterThan(6);
  });
});

describe('a backoff', () => {
  test.each<[string, unknown]>([
    ['the default', BACKOFF_DEFAULTS],
    ['a type alone', { type: 'exponential' }],
    ['all parts', { type: 'exponential', baseMs: 0, factor: 1, capMs: 0, jitter: 'full' }],
    ['fixed', { type: 'fixed', delayMs: 0 }],
    ['a function', () => 5],
  ])('may be %s', (_, backoff) => {
    expect(validBackoff(backoff as Backoff)).toBe(backoff);
  });

  test.each<[option: string, unknown, shown: string, allowed: string]>([
    ['backoff', undefined, 'undefined', 'an object with a "type", or a function'],
    ['backoff', null, 'null', 'an object with a "type", or a function'],
    ['backoff', 'exponential', '"exponential"', 'an object with a "type", or a function'],
    ['backoff', 1_000, '1000', 'an object with a "type", or a function'],
    ['backoff.type', {}, 'undefined', '"exponential" or "fixed"'],
    ['backoff.type', { type: 'linear' }, '"linear"', '"exponential" or "fixed"'],
    ['backoff.type', [], 'undefined', '"exponential" or "fixed"'],
    ['backoff.delayMs', { type: 'fixed' }, 'undefined', 'a number, 0 or more'],
    ['backoff.delayMs', { type: 'fixed', delayMs: -1 }, '-1', 'a number, 0 or more'],
    ['backoff.delayMs', { type: 'fixed', delayMs: '5' }, '"5"', 'a number, 0 or more'],
    ['backoff.delayMs', { type: 'fixed', delayMs: NaN }, 'NaN', 'a number, 0 or more'],
    ['backoff.baseMs', { ...DEFAULT, baseMs: -1 }, '-1', 'a number, 0 or more'],
    ['backoff.baseMs', { ...DEFAULT, baseMs: null }, 'null', 'a number, 0 or more'],
    ['backoff.factor', { ...DEFAULT, factor: 0.5 }, '0.5', 'a number, 1 or more'],
    ['backoff.factor', { ...DEFAULT, factor: Infinity }, 'Infinity', 'a number, 1 or more'],
    ['backoff.capMs', { ...DEFAULT, capMs: -1 }, '-1', 'a number, 0 or more'],
    ['backoff.jitter', { ...DEFAULT, jitter: 'half' }, '"half"', '"equal", "full" or "none"'],
    ['backoff.jitter', { ...DEFAULT, jitter: true }, 'true', '"equal", "full" or "none"'],
  ])('is refused with a bad %s: %j', (option, backoff, shown, allowed) => {
    expect(() => validBackoff(backoff as Backoff)).toThrow(ConfigError);
    expect(() => validBackoff(backoff as Backoff)).toThrow(
      `Option "${option}" is ${shown}; allowed: ${allowed}.`,
    );
  });
});
