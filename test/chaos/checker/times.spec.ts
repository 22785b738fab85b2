import { describe, expect, it } from '@jest/globals';

import { Scenario } from './scenario.js';
import { verdict, violationsOf } from './verdict.js';

describe('checkTimes', () => {
  it('reports deliveries before a message is due or after it expired', () => {
    const due = (at: number): Scenario => new Scenario().sent(1, { delayMs: 500 }).done(1, { at });
    expect(violationsOf(due(1_500))).toEqual([]);
    expect(violationsOf(due(1_400))).toEqual(['early']);
    const expiring = (at: number): Scenario =>
      new Scenario().sent(1, { ttlMs: 500 }).done(1, { at, expiresAt: 1_505 });
    expect(violationsOf(expiring(1_504))).toEqual([]);
    expect(violationsOf(expiring(1_600))).toEqual(['afterExpiry']);
    const frozen = expiring(1_600).fault({
      kind: 'freeze-consumer-below',
      from: 1_400,
      to: 1_599,
      pid: 10,
    });
    expect(verdict(frozen)).toEqual({ violations: [], let: ['frozenOverExpiry'] });
  });

  it('allows any time while the clock of the server is wrong', () => {
    const early = new Scenario().sent(1, { delayMs: 500 }).done(1, { at: 1_400 });
    const stepped = early.fault({ kind: 'clock-step', from: 1_200, to: 1_300, steppedMs: 2_000 });
    expect(verdict(stepped)).toEqual({ violations: [], let: ['dueOrExpiredByAWrongClock'] });
    const later = new Scenario().sent(1, { delayMs: 500 }).done(1, { at: 1_400 });
    const right = later.fault({ kind: 'clock-step', from: 2_000, to: 2_100, steppedMs: 2_000 });
    expect(violationsOf(right)).toEqual(['early']);
  });

  it('allows a shorter time to live after a replay while ids are ahead of a corrected clock', () => {
    const replayed = (replays: number, to: number): Scenario =>
      new Scenario()
        .sent(1, { ttlMs: 5_000 })
        .done(1, { at: 2_000, replays, expiresAt: 4_500 })
        .fault({ kind: 'clock-step', from: to - 500, to, steppedMs: 2_000 });
    // What the first lives were is not of interest here.
    expect(violationsOf(replayed(1, -5_000))).toContain('wrongExpiry');
    expect(violationsOf(replayed(0, -900))).toContain('wrongExpiry');
    expect(violationsOf(replayed(1, -900))).not.toContain('wrongExpiry');
  });

  it('reports a delivery that has lost its time to live', () => {
    expect(violationsOf(new Scenario().sent(1, { ttlMs: 500 }).done(1))).toEqual(['wrongExpiry']);
  });
});
