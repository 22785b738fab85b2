import { describe, expect, it } from '@jest/globals';

import { Scenario } from './scenario.js';
import { verdict, violationsOf } from './verdict.js';

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

  it('runs once for its key, so other messages with the key count as done', () => {
    const once = new Scenario()
      .sent(1, { key: 'k' })
      .sent(2, { key: 'k' })
      .done(1, run(1, 2_000, 10));
    expect(violationsOf(once)).toEqual([]);
    expect(violationsOf(twice())).toEqual(['ranTwice']);
  });

  it('may run again only when the clock that expires its mark was wrong', () => {
    const stepped = (from: number): Scenario =>
      twice().fault({ kind: 'clock-step', from, to: from + 100, steppedMs: 9_000 });
    expect(verdict(stepped(2_500))).toEqual({ violations: [], let: ['ran again: clock'] });
    expect(violationsOf(stepped(5_000))).toEqual(['ranTwice']);
  });

  it('may run again only in a process that was frozen after it got the mark', () => {
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

  it('may run again when its process died before it was done', () => {
    const { violations, let: passed } = verdict(twice().killed(10, 2_500));
    expect(violations).toEqual([]);
    expect(passed).toContain('ran again: died');
  });
});
