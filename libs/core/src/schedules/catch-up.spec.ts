import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';

import { MISSED_AFTER_MS, MOST_PER_TICK, NEVER_AT, planTick, type CatchUp } from './catch-up.js';
import { cronRule } from './cron.js';
import { everyRule } from './every.js';
import type { Rule } from './rule.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const hourly = everyRule(HOUR);

describe('a tick that is on time', () => {
  test.each<[CatchUp, number]>([
    ['none', 0],
    ['last', 0],
    ['all', 0],
    ['none', MISSED_AFTER_MS],
    ['last', MISSED_AFTER_MS],
    ['all', MISSED_AFTER_MS],
  ])('is published with catchUp %j, %i ms late', (catchUp, lateMs) => {
    expect(planTick(hourly, catchUp, 5 * HOUR, 5 * HOUR + lateMs)).toEqual({
      publish: [5 * HOUR],
      nextAt: 6 * HOUR,
    });
  });
});

describe('missed instants', () => {
  const missed = 8 * HOUR + 10 * MINUTE;

  test.each<[CatchUp, number[]]>([
    ['none', []],
    ['last', [8 * HOUR]],
    ['all', [5 * HOUR, 6 * HOUR, 7 * HOUR, 8 * HOUR]],
  ])('are handled by catchUp %j', (catchUp, publish) => {
    expect(planTick(hourly, catchUp, 5 * HOUR, missed)).toEqual({ publish, nextAt: 9 * HOUR });
  });

  it('with catchUp "none" do not include the last instant while it is less than a minute late', () => {
    const now = 8 * HOUR + MISSED_AFTER_MS;
    expect(planTick(hourly, 'none', 5 * HOUR, now).publish).toEqual([8 * HOUR]);
    expect(planTick(hourly, 'none', 5 * HOUR, now + 1).publish).toEqual([]);
  });

  it('with catchUp "all" are published in parts, each starting where the previous one ended', () => {
    const now = 250 * HOUR;
    const first = planTick(hourly, 'all', HOUR, now);
    expect(first.publish).toHaveLength(MOST_PER_TICK);
    expect(first.nextAt).toBe((MOST_PER_TICK + 1) * HOUR);
    const second = planTick(hourly, 'all', first.nextAt, now);
    const third = planTick(hourly, 'all', second.nextAt, now);
    expect([...first.publish, ...second.publish, ...third.publish]).toEqual(
      Array.from({ length: 250 }, (_, n) => (n + 1) * HOUR),
    );
    expect(third.nextAt).toBe(251 * HOUR);
  });

  it('are found quickly, however long ago the first one was', async () => {
    const rule = await cronRule('* * * * * *', 'UTC', 'id');
    let asked = 0;
    const counted: Rule = {
      next: (afterMs) => {
        asked += 1;
        return rule.next(afterMs);
      },
    };
    const now = Date.parse('2026-07-01T12:00:00.500Z');
    const plan = planTick(counted, 'last', Date.parse('2025-07-01T12:00:00Z'), now);
    expect(plan).toEqual({ publish: [now - 500], nextAt: now + 500 });
    expect(asked).toBeLessThan(60);
  });

  test.each([
    [
      'forward',
      '30 2 * * *',
      '2026-03-27T01:30:00Z',
      '2026-03-29T05:00:00Z',
      '2026-03-29T01:30:00Z',
    ],
    ['back', '30 4 * * *', '2026-10-23T02:30:00Z', '2026-10-25T06:00:00Z', '2026-10-25T03:30:00Z'],
    [
      'back, in the repeated hour',
      '0 2 * * *',
      '2026-10-23T00:00:00Z',
      '2026-10-25T01:30:00Z',
      '2026-10-25T00:00:00Z',
    ],
  ])('are found on the day when clocks go %s', async (_, cron, due, now, last) => {
    const rule = await cronRule(cron, 'Europe/Berlin', 'id');
    const [dueAt, nowMs] = [Date.parse(due), Date.parse(now)];
    expect(planTick(rule, 'last', dueAt, nowMs).publish).toEqual([Date.parse(last)]);
    expect(planTick(rule, 'all', dueAt, nowMs).publish.at(-1)).toBe(Date.parse(last));
  });
});

it('a rule that has ended is never due again', () => {
  const once: Rule = { next: () => Infinity };
  for (const catchUp of ['none', 'last', 'all'] as const) {
    expect(planTick(once, catchUp, HOUR, HOUR)).toEqual({ publish: [HOUR], nextAt: NEVER_AT });
  }
});

it('a plan repeats no instant, includes none early and skips none, for any interval and lateness', () => {
  const everyMs = fc.integer({ min: 1_000, max: 100 * HOUR });
  const policies = fc.constantFrom<CatchUp>('none', 'last', 'all');
  const first = fc.integer({ min: 1, max: 1_000 });
  const lateMs = fc.integer({ min: 0, max: 1_000 * HOUR });
  fc.assert(
    fc.property(everyMs, policies, first, lateMs, (every, catchUp, n, late) => {
      const dueAt = n * every;
      const now = dueAt + late;
      const { publish, nextAt } = planTick(everyRule(every), catchUp, dueAt, now);
      expect(publish).toEqual([...new Set(publish)].sort((a, b) => a - b));
      for (const at of publish) {
        expect(at % every).toBe(0);
        expect(at).toBeGreaterThanOrEqual(dueAt);
        expect(at).toBeLessThanOrEqual(now);
      }
      if (catchUp === 'all') {
        expect(publish).toEqual(publish.map((_, index) => dueAt + index * every));
        expect(nextAt).toBe(dueAt + publish.length * every);
      } else {
        expect(nextAt).toBe((Math.floor(now / every) + 1) * every);
      }
    }),
  );
});
