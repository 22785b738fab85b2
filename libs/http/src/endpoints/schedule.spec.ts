import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';

import { disableVerdict, type DisableVerdict } from './auto-disable.js';
import { DELIVERY_DEFAULTS } from './delivery-options.js';
import { longestSpanMs, retryDelayMs } from './retry-schedule.js';

const LEAST = (): number => 0;
const MOST = (): number => 1 - 2 ** -53;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('the schedule of Standard Webhooks', () => {
  test.each<[attempt: number, least: number, most: number]>([
    [1, 4_000, 6_000],
    [2, 240_000, 360_000],
    [3, 1_440_000, 2_160_000],
    [9, 0.8 * DAY, 1.2 * DAY],
  ])('delays after attempt %i from %i to %i ms', (attempt, least, most) => {
    const failed = { attempt, outcome: 'failed' } as const;
    expect(retryDelayMs(failed, DELIVERY_DEFAULTS, LEAST)).toBe(least);
    expect(retryDelayMs(failed, DELIVERY_DEFAULTS, MOST)).toBe(most);
  });

  it('is exhausted after ten attempts over 75 hours, 35 minutes and 5 seconds', () => {
    expect(DELIVERY_DEFAULTS.schedule).toHaveLength(10);
    expect(DELIVERY_DEFAULTS.schedule.reduce((sum, ms) => sum + ms, 0)).toBe(
      75 * HOUR + 35 * 60_000 + 5_000,
    );
    expect(retryDelayMs({ attempt: 10, outcome: 'failed' }, DELIVERY_DEFAULTS)).toBe('exhausted');
  });

  test.each<[retryAfterMs: number | undefined, attempt: number, least: number, most: number]>([
    // At least a minute.
    [undefined, 1, 60_000, 72_000],
    [1_000, 1, 60_000, 72_000],
    // As asked for.
    [600_000, 1, 600_000, 720_000],
    // No more than the most that it may ask for.
    [DAY, 1, HOUR, 1.2 * HOUR],
    // The schedule is later.
    [600_000, 9, 0.8 * DAY, 1.2 * DAY],
  ])(
    'after a slow-down with retry-after %p at attempt %i waits %i to %i ms',
    (retryAfterMs, attempt, least, most) => {
      const failed = { attempt, outcome: 'slow-down', retryAfterMs } as const;
      expect(retryDelayMs(failed, DELIVERY_DEFAULTS, LEAST)).toBe(least);
      expect(retryDelayMs(failed, DELIVERY_DEFAULTS, MOST)).toBe(most);
    },
  );

  it('never lasts longer than the body of a message is kept', () => {
    const delays = fc.array(fc.nat({ max: DAY }), { minLength: 1, maxLength: 20 });
    const jitters = fc.double({ min: 0, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(
        delays,
        jitters,
        fc.nat({ max: DAY }),
        fc.nat(),
        (schedule, jitter, most, asked) => {
          const delivery = { schedule, jitter, retryAfterMaxMs: most, timeoutMs: 20_000 };
          let span = (schedule[0] ?? 0) + delivery.timeoutMs;
          for (let attempt = 1; attempt < schedule.length; attempt += 1) {
            const failed = { attempt, outcome: 'slow-down', retryAfterMs: asked } as const;
            span += Number(retryDelayMs(failed, delivery, MOST)) + delivery.timeoutMs;
          }
          expect(span).toBeLessThanOrEqual(longestSpanMs(delivery) + schedule.length);
        },
      ),
    );
  });
});

describe('an endpoint that fails', () => {
  test.each<[days: number, warned: number, DisableVerdict]>([
    [0, 0, { kind: 'none' }],
    [2.4, 0, { kind: 'none' }],
    [2.5, 0, { kind: 'warn', share: 0.5, warnings: 1 }],
    [2.6, 1, { kind: 'none' }],
    [4.5, 1, { kind: 'warn', share: 0.9, warnings: 2 }],
    // Both at once, when nothing was sent meanwhile: one warning, the graver.
    [4.6, 0, { kind: 'warn', share: 0.9, warnings: 2 }],
    [4.9, 2, { kind: 'none' }],
    [5, 2, { kind: 'disable' }],
    [50, 0, { kind: 'disable' }],
  ])('for %d days, warned %i times, comes to %j', (days, warned, verdict) => {
    const now = 1_700_000_000_000;
    const failing = { firstFailureAt: now - days * DAY, warned };
    expect(disableVerdict(failing, DELIVERY_DEFAULTS.disableAfterMs, now)).toEqual(verdict);
    expect(disableVerdict(failing, 'never', now)).toEqual({ kind: 'none' });
  });
});
