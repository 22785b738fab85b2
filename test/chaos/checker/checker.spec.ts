import { describe, expect, it } from '@jest/globals';

import { checkBounds } from './bounds.js';
import { checkDead } from './dead.js';
import { checkEnds } from './ends.js';
import type { Facts } from './facts.js';
import { Findings } from './findings.js';
import { checkOnce } from './once.js';
import { checkPublishing } from './publishing.js';
import { checkRedeliveries } from './redeliveries.js';
import { checkRest } from './rest.js';
import { Scenario } from './scenario.js';
import { checkTimes } from './times.js';

const PARTS = [
  ...[checkPublishing, checkEnds, checkDead, checkRedeliveries, checkTimes],
  ...[checkOnce, checkRest, checkBounds],
];

/** Names of the violations, and of what was let pass. */
function verdict({ facts }: { readonly facts: Facts }): { violations: string[]; let: string[] } {
  const findings = new Findings();
  for (const part of PARTS) part(facts, findings);
  return { violations: [...findings.violations.keys()], let: [...findings.exceptions.keys()] };
}

function violationsOf(scenario: Scenario): string[] {
  return verdict(scenario).violations;
}

const healthy = (): Scenario => new Scenario().sent(1).stored(1, '1005-0').done(1);
const failed = { how: 'failed', settled: 'retried' } as const;

describe('what was published', () => {
  it('is fine when every group has handled it', () => {
    expect(violationsOf(healthy())).toEqual([]);
  });

  it('is lost when it was accepted and a group never saw it', () => {
    expect(violationsOf(new Scenario().sent(1).stored(1, '1005-0').handled(1, 'a'))).toEqual([
      'lost',
    ]);
  });

  it('may be missing when nobody knew, but not in one group only', () => {
    expect(violationsOf(new Scenario().sent(1, { status: 'unknown' }))).toEqual([]);
    const half = new Scenario().sent(1, { status: 'unknown' }).handled(1, 'a');
    expect(violationsOf(half)).toEqual(['lost']);
  });

  it('is there once, also where the log no longer shows it', () => {
    expect(violationsOf(healthy().stored(1, '1005-0', '1006-0'))).toEqual(['storedTwice']);
    const trimmed = new Scenario().sent(1).done(1).handled(1, 'a', { origin: '1006-0', at: 5_000 });
    expect(violationsOf(trimmed)).toEqual(['storedTwice']);
  });

  it('may be there again after a failover that undid it', () => {
    const rolledBack = { from: 900, to: 1_300, isStale: true };
    const scenario = new Scenario()
      .sent(1)
      .stored(1, '1400-0')
      .done(1)
      .done(1, { origin: '1400-0', at: 2_500 })
      .fault({ kind: 'failover-kill', from: 1_100, to: 1_300, rolledBack });
    const { violations, let: passed } = verdict(scenario);
    expect(violations).toEqual([]);
    expect(passed).toContain('storedAgainAfterFailover');
  });

  it('is not there when it was never sent, or is known not to have been', () => {
    expect(violationsOf(healthy().stored(2, '1006-0'))).toEqual(['unexpected']);
    const notSent = new Scenario().sent(1, { status: 'not-sent' }).stored(1, '1005-0').done(1);
    expect(violationsOf(notSent)).toEqual(['notSentButStored']);
  });

  it('is there as a whole when it is a transaction', () => {
    const torn = new Scenario().sent([1, 2], { status: 'unknown' }).stored(1, '1005-0').done(1);
    expect(violationsOf(torn)).toEqual(['tornTransaction']);
  });
});

describe('how it ended', () => {
  it('is either done or dead, not neither', () => {
    const scenario = healthy().sent(2).stored(2, '1005-0').handled(2, 'b');
    expect(violationsOf(scenario.interrupted(2, 'a'))).toEqual(['unfinished']);
  });

  it('is not both', () => {
    expect(violationsOf(healthy().dead(1, 'a', { reason: 'poison' }))).toContain('doneAndDead');
  });

  it('may be both when the success came from somebody who had lost the lease', () => {
    const scenario = new Scenario()
      .sent(1, { acts: { a: { do: 'die', times: 9 } } })
      .handled(1, 'b')
      .handled(1, 'a', { leaseLost: true })
      .dead(1, 'a', { reason: 'poison', crashes: 3 });
    expect(verdict(scenario)).toEqual({ violations: [], let: ['lateSuccessOfDeadLetter'] });
  });

  it('is death after exactly its attempts', () => {
    const dies = (failures: number): Scenario => {
      const scenario = new Scenario().sent(1).handled(1, 'b').dead(1, 'a');
      for (let attempt = 1; attempt <= failures; attempt += 1) {
        scenario.handled(1, 'a', { ...failed, attempt, at: 2_000 + attempt });
      }
      return scenario;
    };
    expect(violationsOf(dies(4))).toEqual([]);
    expect(violationsOf(dies(3))).toEqual(['attemptsMiscounted']);
    expect(violationsOf(dies(4).dead(1, 'a'))).toEqual(['buriedTwice']);
  });

  it('is poison only for what was built to kill', () => {
    const poison = { reason: 'poison', attempts: 3, crashes: 3 };
    const innocent = new Scenario().sent(1).handled(1, 'b').dead(1, 'a', poison);
    expect(violationsOf(innocent)).toEqual(['innocentPoison']);
    const killer = { acts: { a: { do: 'die', times: 9 } } } as const;
    expect(
      violationsOf(new Scenario().sent(1, killer).handled(1, 'b').dead(1, 'a', poison)),
    ).toEqual([]);
  });
});

describe('a redelivery', () => {
  const again = (scenario: Scenario): Scenario =>
    scenario.handled(1, 'a', { attempt: 2, crashes: 1, at: 8_000, pid: 11 });

  it('needs a reason', () => {
    const twice = healthy().handled(1, 'a', { attempt: 2, crashes: 1, at: 8_000, pid: 11 });
    expect(violationsOf(twice)).toContain('redeliveredForNoReason');
  });

  it('has one when its consumer died, was frozen or was cut off for long enough', () => {
    const open = (): Scenario => new Scenario().sent(1).handled(1, 'b').interrupted(1, 'a');
    expect(violationsOf(again(open().killed(10, 2_500)))).toEqual([]);
    const freeze = (to: number): Scenario =>
      again(open().fault({ kind: 'freeze-consumer-beyond', from: 2_001, to, pid: 10 }));
    expect(violationsOf(freeze(7_000))).toEqual([]);
    expect(violationsOf(freeze(2_500))).toContain('redeliveredForNoReason');
    const outage = again(open().fault({ kind: 'redis-freeze', from: 2_001, to: 6_000 }));
    expect(violationsOf(outage)).toEqual([]);
  });

  it('follows a failure with one attempt more', () => {
    const retried = new Scenario().sent(1).handled(1, 'b').handled(1, 'a', failed);
    expect(violationsOf(retried.handled(1, 'a', { attempt: 2, at: 2_100 }))).toEqual([]);
  });

  it('never begins a second line of attempts, as a retry by who lost the lease would', () => {
    const forked = new Scenario()
      .sent(1)
      .handled(1, 'b')
      .handled(1, 'a', { ...failed, at: 2_000, endedAt: 9_000 })
      .handled(1, 'a', { attempt: 2, crashes: 1, at: 7_000, pid: 11 })
      .handled(1, 'a', { attempt: 2, crashes: 0, at: 9_100, pid: 12 })
      .fault({ kind: 'freeze-consumer-beyond', from: 2_100, to: 8_900, pid: 10 });
    expect(violationsOf(forked)).toContain('forkedAttempt');
  });

  it('does not come of a failure in another group', () => {
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

describe('time', () => {
  it('is kept: not before it is due, not after it expired', () => {
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

  it('is not forgotten on the way', () => {
    expect(violationsOf(new Scenario().sent(1, { ttlMs: 500 }).done(1))).toEqual(['wrongExpiry']);
  });
});

describe('an idempotent handler', () => {
  const run = (
    n: number,
    at: number,
    pid: number,
  ): Partial<Parameters<Scenario['handled']>[2]> => ({
    ...{ key: 'k', at, pid, endedAt: at + 10, settledAt: at + 11, id: `m-${n}` },
  });
  const twice = (): Scenario =>
    new Scenario()
      .sent(1, { key: 'k' })
      .sent(2, { key: 'k' })
      .done(1, run(1, 2_000, 10))
      .handled(2, 'a', run(2, 3_000, 11));

  it('runs once for its key, and the others count as done', () => {
    const once = new Scenario()
      .sent(1, { key: 'k' })
      .sent(2, { key: 'k' })
      .done(1, run(1, 2_000, 10));
    expect(violationsOf(once)).toEqual([]);
    expect(violationsOf(twice())).toEqual(['ranTwice']);
  });

  it('may run again in a process that was frozen from when it was let run, but in no other', () => {
    const late = (pid: number): Scenario =>
      new Scenario()
        .sent(1, { key: 'k' })
        .sent(2, { key: 'k' })
        .done(1, run(1, 5_000, 10))
        .handled(2, 'a', run(2, 8_000, 11))
        .fault({ kind: 'freeze-consumer-beyond', from: 3_000, to: 7_999, pid });
    expect(verdict(late(11))).toEqual({
      violations: [],
      let: ['ran again: frozen before it began'],
    });
    expect(violationsOf(late(12))).toEqual(['ranTwice']);
  });

  it('may run again when its process died in between', () => {
    const { violations, let: passed } = verdict(twice().killed(10, 2_500));
    expect(violations).toEqual([]);
    expect(passed).toContain('ran again: died');
  });
});

describe('the end', () => {
  it('leaves nothing over', () => {
    const scenario = healthy();
    scenario.stuck = { 'chaos/one schedule': 3 };
    expect(violationsOf(scenario)).toEqual(['leftOver']);
  });

  it('leaves no consumer of a process that ended in good order', () => {
    const entry = { stream: 's', name: 'c', pending: 0, idleMs: 5, pid: 10 };
    const ended = { pid: 10, endedAt: 9_000, signal: null, code: 0, endedBy: 'term' } as const;
    expect(violationsOf(healthy().process(ended).consumer(entry))).toEqual(['consumerLeaked']);
    expect(violationsOf(healthy().killed(10, 9_000).consumer(entry))).toEqual([]);
    expect(
      violationsOf(
        healthy()
          .killed(10, 9_000)
          .consumer({ ...entry, pending: 1 }),
      ),
    ).toEqual(['consumerOwnsDeliveries']);
  });

  it('comes by itself, for every process, and for no process before it is told to', () => {
    const stayed = {
      pid: 10,
      endedAt: 9,
      signal: 'SIGKILL',
      endedBy: 'term',
      overstayed: true,
    } as const;
    expect(violationsOf(healthy().process(stayed))).toEqual(['processDidNotEnd']);
    expect(violationsOf(healthy().process({ pid: 10, endedAt: 9, signal: null, code: 1 }))).toEqual(
      ['processFailed'],
    );
  });

  it('settles every promise by its deadline', () => {
    const scenario = new Scenario().sent(1, { status: 'unknown', isOpen: true });
    expect(
      violationsOf(
        scenario.process({ pid: 1, endedAt: 9, signal: null, code: 0, endedBy: 'term' }),
      ),
    ).toEqual(['neverSettled']);
  });
});
