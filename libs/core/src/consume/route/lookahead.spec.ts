import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';

import { lookahead } from './lookahead.js';

describe('the lookahead of a process', () => {
  test.each([
    ['nothing before the first handler has ended', 16, undefined, 0],
    ['equal to its slots when a run takes as long as a round trip', 16, 20, 16],
    ['more when handlers are faster', 16, 5, 64],
    ['fewer when they are slower', 16, 100, 3],
    ['nothing when one run covers many round trips', 16, 1_000, 0],
    ['nothing when handlers take forever', 16, Infinity, 0],
    ['a thousand when they take no time', 16, 0, 1_000],
    ['a thousand at most', 10_000, 20, 1_000],
    ['one for a single slot', 1, 20, 1],
  ])('is %s', (_, slots, meanRunMs, expected) => {
    expect(lookahead(slots, meanRunMs)).toBe(expected);
  });

  const slots = fc.integer({ min: 1, max: 10_000 });
  const runMs = fc.double({ min: 0, max: 1e9, noNaN: true });

  it('is a whole number from 0 to 1,000', () => {
    fc.assert(
      fc.property(slots, runMs, (count, meanRunMs) => {
        const ahead = lookahead(count, meanRunMs);
        expect(Number.isSafeInteger(ahead)).toBe(true);
        expect(ahead).toBeGreaterThanOrEqual(0);
        expect(ahead).toBeLessThanOrEqual(1_000);
      }),
    );
  });

  it('never grows when handlers get slower', () => {
    fc.assert(
      fc.property(slots, runMs, runMs, (count, one, other) => {
        const [faster, slower] = one < other ? [one, other] : [other, one];
        expect(lookahead(count, slower)).toBeLessThanOrEqual(lookahead(count, faster));
      }),
    );
  });
});
