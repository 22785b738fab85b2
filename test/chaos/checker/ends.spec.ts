import { describe, expect, it } from '@jest/globals';

import { Scenario } from './scenario.js';
import { healthy, verdict, violationsOf } from './verdict.js';

const failed = { how: 'failed', settled: 'retried' } as const;

describe('a message in a group', () => {
  it('is reported when it ends neither done nor dead', () => {
    const scenario = healthy().sent(2).stored(2, '1005-0').handled(2, 'b');
    expect(violationsOf(scenario.interrupted(2, 'a'))).toEqual(['unfinished']);
  });

  it('is reported when it is both done and dead', () => {
    expect(violationsOf(healthy().dead(1, 'a', { reason: 'poison' }))).toContain('doneAndDead');
  });

  it('may be both done and dead when the success came from a consumer that had lost the lease', () => {
    const scenario = new Scenario()
      .sent(1, { acts: { a: { do: 'die', times: 9 } } })
      .handled(1, 'b')
      .handled(1, 'a', { leaseLost: true })
      .dead(1, 'a', { reason: 'poison', crashes: 3 });
    expect(verdict(scenario)).toEqual({ violations: [], let: ['lateSuccessOfDeadLetter'] });
  });

  it('dies after exactly its attempts', () => {
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

  it('is poison only if it was built to kill', () => {
    const poison = { reason: 'poison', attempts: 3, crashes: 3 };
    const innocent = new Scenario().sent(1).handled(1, 'b').dead(1, 'a', poison);
    expect(violationsOf(innocent)).toEqual(['innocentPoison']);
    const killer = { acts: { a: { do: 'die', times: 9 } } } as const;
    expect(
      violationsOf(new Scenario().sent(1, killer).handled(1, 'b').dead(1, 'a', poison)),
    ).toEqual([]);
  });

  const poison = { reason: 'poison', attempts: 5, crashes: 5 };
  const suspect = { pid: 11, attempt: 5, crashes: 4 };

  it('may be blamed though innocent when it ran alone until others joined it', () => {
    const joinedAt = (besideAt: number): Scenario =>
      new Scenario()
        .sent(1)
        .handled(1, 'b')
        .interrupted(1, 'a', { ...suspect, at: 5_000 })
        .dead(1, 'a', poison)
        .sent(2)
        .done(2, { pid: 11, at: besideAt })
        .stored(2, '1006-0')
        .killed(11, 8_000);
    expect(verdict(joinedAt(7_000)).let).toContain('poisonJoinedByOthers');
    expect(violationsOf(joinedAt(7_000))).not.toContain('innocentPoison');
    expect(violationsOf(joinedAt(5_100))).toContain('innocentPoison');
    expect(violationsOf(joinedAt(9_000))).toContain('innocentPoison');
  });

  it('may be blamed though innocent beside others only after a warning', () => {
    const beside = (warning: { code: string; at: number; pid?: number }): Scenario =>
      new Scenario()
        .sent(1)
        .handled(1, 'b')
        .interrupted(1, 'a', { ...suspect, at: 5_000 })
        .dead(1, 'a', poison)
        .sent([2, 3])
        .done(2, { pid: 11, at: 4_000, endedAt: 5_500 })
        .done(3, { pid: 11, at: 7_000 })
        .killed(11, 8_000)
        .history(
          { e: 'start', at: 100, pid: warning.pid ?? 11 },
          { e: 'complaint', at: warning.at, what: 'warning', text: `${warning.code}: Messages…` },
        );
    const code = 'SUSPECT_NOT_ALONE';
    expect(verdict(beside({ code, at: 4_900 })).let).toContain('poisonBesideOthers');
    expect(violationsOf(beside({ code, at: 4_900 }))).not.toContain('innocentPoison');
    for (const without of [
      { code, at: 2_000 },
      { code, at: 5_001 },
      { code, at: 4_900, pid: 12 },
      { code: 'SERVER_CLOCK_STEPPED', at: 4_900 },
    ]) {
      expect(violationsOf(beside(without))).toContain('innocentPoison');
    }
  });
});
