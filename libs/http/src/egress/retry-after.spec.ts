import { describe, expect, test } from '@jest/globals';

import { retryAfterMs } from './retry-after.js';

const NOW = Date.parse('2026-03-01T12:00:00Z');

describe('a retry-after header', () => {
  test.each<[string | string[] | undefined, ms: number | undefined]>([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    [['5', '9'], 5_000],
    ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
    ['Sun, 01 Mar 2026 11:59:59 GMT', 0],
    ['Sunday, 01-Mar-26 12:01:00 GMT', 60_000],
    ['sun, 01 mar 2026 12:00:30 gmt', 30_000],
    [undefined, undefined],
    ['', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['5s', undefined],
    ['soon', undefined],
    ['1e9', undefined],
    ['9999999999999', undefined],
    ['2026-03-01T12:00:30Z', undefined],
    ['Sun, 99 Mar 2026 12:00:30 GMT', undefined],
  ])('%j is %p ms', (header, ms) => {
    expect(retryAfterMs(header, NOW)).toBe(ms);
  });
});
