import { describe, expect, test } from '@jest/globals';

import { MarkerTime } from './marker-time.js';

const MINUTE = 60_000;

describe('MarkerTime', () => {
  test.each([
    ['an hour by default', 30_000, [], 60 * MINUTE],
    ['an hour for time limits up to half an hour', 30 * MINUTE, [], 60 * MINUTE],
    ['longer than any send keeps trying', 24 * 60 * MINUTE, [], 24.5 * 60 * MINUTE],
    ['longer than a single send keeps trying', 30_000, [90 * MINUTE, 5], 120 * MINUTE],
    ['longer than the longest time that a send may take', 2_000_000_000, [], 2_001_800_000],
  ])("a publisher's marker is kept for %s", (_, timeoutMs, sends, expected) => {
    const markers = new MarkerTime(timeoutMs);
    for (const each of sends) markers.include(each);
    expect(markers.ttlMs).toBe(expected);
  });
});
