import { describe, expect, it } from '@jest/globals';

import { Scenario } from './scenario.js';
import { healthy, verdict, violationsOf } from './verdict.js';

const failed = { how: 'failed', settled: 'retried' } as const;

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
