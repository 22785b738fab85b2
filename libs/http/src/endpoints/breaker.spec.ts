import { describe, expect, it, test } from '@jest/globals';

import {
  CLOSED,
  HALF_OPEN,
  breakerPermit,
  nextBreaker,
  type Breaker,
  type BreakerEvent,
} from './breaker.js';

const NOW = 1_700_000_000_000;
const SUCCESS: BreakerEvent = { kind: 'success' };
const FAILED: BreakerEvent = { kind: 'failed' };
const SLOW: BreakerEvent = { kind: 'slow-down' };
const asks = (retryAfterMs: number): BreakerEvent => ({ kind: 'slow-down', retryAfterMs });
const PROBE: BreakerEvent = { kind: 'probe', leaseMs: 35_000 };

const closed = (failures: number): Breaker => ({ state: 'closed', failures });
const open = (inMs: number, round: number): Breaker => ({
  state: 'open',
  until: NOW + inMs,
  round,
});
const probe = (inMs: number, round: number): Breaker => ({
  state: 'probe',
  until: NOW + inMs,
  round,
});
const ramp = (level: number, agoMs: number, failures: number, round = 0): Breaker => ({
  state: 'ramp',
  level,
  since: NOW - agoMs,
  failures,
  round,
});

describe('a breaker', () => {
  test.each<[Breaker, BreakerEvent, Breaker]>([
    [CLOSED, SUCCESS, CLOSED],
    [closed(9), SUCCESS, CLOSED],
    [CLOSED, FAILED, closed(1)],
    [closed(8), FAILED, closed(9)],
    [closed(9), FAILED, open(30_000, 0)],
    [CLOSED, SLOW, ramp(0, 0, 1)],
    [closed(9), SLOW, open(30_000, 0)],
    [CLOSED, asks(5_000), open(5_000, 0)],
    [CLOSED, asks(90_000_000), open(3_600_000, 0)],
    [CLOSED, PROBE, CLOSED],

    [open(10_000, 2), SUCCESS, open(10_000, 2)],
    [open(10_000, 2), FAILED, open(10_000, 2)],
    [open(10_000, 2), asks(60_000), open(60_000, 2)],
    [open(10_000, 2), asks(1_000), open(10_000, 2)],
    [open(0, 2), PROBE, probe(35_000, 2)],

    [probe(9_000, 0), SUCCESS, ramp(0, 0, 0, 0)],
    [probe(9_000, 3), SUCCESS, ramp(0, 0, 0, 3)],
    [probe(9_000, 0), FAILED, open(60_000, 1)],
    [probe(9_000, 1), FAILED, open(120_000, 2)],
    [probe(9_000, 9), FAILED, open(600_000, 10)],
    [probe(9_000, 2_000), FAILED, open(600_000, 2_001)],
    [probe(9_000, 0), SLOW, open(60_000, 1)],
    [probe(9_000, 0), asks(300_000), open(300_000, 1)],
    [probe(0, 1), PROBE, probe(35_000, 1)],

    [ramp(0, 999, 0), SUCCESS, ramp(0, 999, 0)],
    [ramp(0, 999, 2), SUCCESS, ramp(0, 999, 0)],
    [ramp(0, 1_000, 1), SUCCESS, ramp(1, 0, 0)],
    [ramp(6, 1_000, 0), SUCCESS, ramp(7, 0, 0)],
    [ramp(7, 1_000, 0), SUCCESS, CLOSED],
    [ramp(3, 500, 0), FAILED, ramp(3, 500, 1)],
    [ramp(3, 500, 2), FAILED, open(60_000, 1)],
    [ramp(3, 500, 0), SLOW, ramp(0, 0, 1)],
    [ramp(3, 500, 0, 4), asks(20_000), open(20_000, 4)],
    [ramp(3, 500, 0), PROBE, ramp(3, 500, 0)],
  ])('that is %j becomes, by %j, %j', (breaker, event, next) => {
    expect(nextBreaker(breaker, event, NOW)).toEqual(next);
  });

  it('ends its ramp at the rate of the endpoint', () => {
    expect(nextBreaker(ramp(1, 1_000, 0), SUCCESS, NOW, 5)).toEqual(ramp(2, 0, 0));
    expect(nextBreaker(ramp(2, 1_000, 0), SUCCESS, NOW, 5)).toEqual(CLOSED);
  });

  test.each<[Breaker, at: number, concurrency: number, perSecond: number, isProbe: boolean]>([
    [CLOSED, 0, Infinity, Infinity, false],
    [open(10_000, 0), NOW + 10_000, 1, 1, true],
    [open(0, 0), 0, 1, 1, true],
    [HALF_OPEN, 0, 1, 1, true],
    [probe(10_000, 0), NOW + 10_000, 1, 1, true],
    [probe(0, 0), 0, 1, 1, true],
    [ramp(0, 0, 0), 0, Infinity, 1, false],
    [ramp(3, 0, 0), 0, Infinity, 8, false],
  ])(
    'that is %j permits from %p, %p at a time, %p a second',
    (breaker, at, concurrency, perSecond, isProbe) => {
      expect(breakerPermit(breaker, NOW)).toEqual({ at, concurrency, perSecond, isProbe });
    },
  );

  it('takes a receiver that is back from one request to 128 a second in eight seconds', () => {
    let breaker = nextBreaker(HALF_OPEN, PROBE, NOW);
    breaker = nextBreaker(breaker, SUCCESS, NOW);
    const rates: number[] = [];
    let at = NOW;
    while (breaker.state === 'ramp') {
      rates.push(breakerPermit(breaker, at).perSecond);
      at += 1_000;
      breaker = nextBreaker(breaker, SUCCESS, at);
    }
    expect(rates).toEqual([1, 2, 4, 8, 16, 32, 64, 128]);
    expect(breaker).toEqual(CLOSED);
  });
});
