import { describe, expect, it } from '@jest/globals';

import { Scenario } from './scenario.js';
import { healthy, violationsOf } from './verdict.js';

const failed = { how: 'failed', settled: 'retried' } as const;

describe('a redelivery', () => {
  const again = (scenario: Scenario): Scenario =>
    scenario.handled(1, 'a', { attempt: 2, crashes: 1, at: 8_000, pid: 11 });

  it('is reported without a reason', () => {
    const twice = healthy().handled(1, 'a', { attempt: 2, crashes: 1, at: 8_000, pid: 11 });
    expect(violationsOf(twice)).toContain('redeliveredForNoReason');
  });

  it('is allowed when its consumer died, or was frozen or cut off long enough', () => {
    const open = (): Scenario => new Scenario().sent(1).handled(1, 'b').interrupted(1, 'a');
    expect(violationsOf(again(open().killed(10, 2_500)))).toEqual([]);
    const freeze = (to: number): Scenario =>
      again(open().fault({ kind: 'freeze-consumer-beyond', from: 2_001, to, pid: 10 }));
    expect(violationsOf(freeze(7_000))).toEqual([]);
    expect(violationsOf(freeze(2_500))).toContain('redeliveredForNoReason');
    const outage = again(open().fault({ kind: 'redis-freeze', from: 2_001, to: 6_000 }));
    expect(violationsOf(outage)).toEqual([]);
  });

  it('is allowed when the clock was set ahead twice between two heartbeats', () => {
    const open = new Scenario().sent(1).handled(1, 'b').interrupted(1, 'a');
    const step = { kind: 'clock-step', from: 2_100, to: 2_600 } as const;
    again(open).fault({ ...step, steppedMs: -9_000 });
    expect(violationsOf(open)).toContain('redeliveredForNoReason');
    open.fault({ ...step, from: 3_000, to: 4_000, steppedMs: 9_000 });
    expect(violationsOf(open)).toEqual([]);
  });

  it('is allowed after a failure with one more attempt', () => {
    const retried = new Scenario().sent(1).handled(1, 'b').handled(1, 'a', failed);
    expect(violationsOf(retried.handled(1, 'a', { attempt: 2, at: 2_100 }))).toEqual([]);
  });

  it('is allowed without an interruption when a failover undid the settlement', () => {
    const undoneFrom = (from: number): Scenario =>
      healthy()
        .handled(1, 'a', { attempt: 2, crashes: 1, at: 8_000, pid: 11 })
        .killed(10, 3_000)
        .fault({
          ...{ kind: 'failover-kill', from: 3_500, to: 4_500 },
          rolledBack: { from, to: 4_500, isStale: true },
        });
    expect(violationsOf(undoneFrom(2_500))).toEqual([]);
    // It was settled long before.
    expect(violationsOf(undoneFrom(3_100))).toEqual(['moreDuplicatesThanFaults']);
  });

  it('is reported when it begins a second line of attempts', () => {
    const forked = new Scenario()
      .sent(1)
      .handled(1, 'b')
      .handled(1, 'a', { ...failed, at: 2_000, endedAt: 9_000 })
      .handled(1, 'a', { attempt: 2, crashes: 1, at: 7_000, pid: 11 })
      .handled(1, 'a', { attempt: 2, crashes: 0, at: 9_100, pid: 12 })
      .fault({ kind: 'freeze-consumer-beyond', from: 2_100, to: 8_900, pid: 10 });
    expect(violationsOf(forked)).toContain('forkedAttempt');
  });

  it('is reported when only another group failed', () => {
    const crossed = new Scenario()
      .sent(1)
      .handled(1, 'a', failed)
      .handled(1, 'a', { attempt: 2, at: 2_100 })
      .handled(1, 'b')
      .handled(1, 'b', { attempt: 2, at: 2_100 });
    expect(violationsOf(crossed)).toEqual(
      expect.arrayContaining(['redeliveredForNoReason', 'attemptFromNowhere']),
    );
  });
});
