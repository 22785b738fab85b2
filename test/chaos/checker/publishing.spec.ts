import { describe, expect, it } from '@jest/globals';

import { Scenario } from './scenario.js';
import { healthy, verdict, violationsOf } from './verdict.js';

describe('a published message', () => {
  it('is in order when every group has handled it', () => {
    expect(violationsOf(healthy())).toEqual([]);
  });

  it('is reported as lost when it was accepted and a group never saw it', () => {
    expect(violationsOf(new Scenario().sent(1).stored(1, '1005-0').handled(1, 'a'))).toEqual([
      'lost',
    ]);
  });

  it('may be missing after an unknown outcome, but not in one group only', () => {
    expect(violationsOf(new Scenario().sent(1, { status: 'unknown' }))).toEqual([]);
    const half = new Scenario().sent(1, { status: 'unknown' }).handled(1, 'a');
    expect(violationsOf(half)).toEqual(['lost']);
  });

  it('is stored only once, even where the log no longer shows it', () => {
    expect(violationsOf(healthy().stored(1, '1005-0', '1006-0'))).toEqual(['storedTwice']);
    const trimmed = new Scenario().sent(1).done(1).handled(1, 'a', { origin: '1006-0', at: 5_000 });
    expect(violationsOf(trimmed)).toEqual(['storedTwice']);
  });

  it('may be stored again after a failover that undid it', () => {
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

  it('is reported when it is stored but was never sent, or failed as not sent', () => {
    expect(violationsOf(healthy().stored(2, '1006-0'))).toEqual(['unexpected']);
    const notSent = new Scenario().sent(1, { status: 'not-sent' }).stored(1, '1005-0').done(1);
    expect(violationsOf(notSent)).toEqual(['notSentButStored']);
  });

  it('is reported when only a part of its transaction is stored', () => {
    const torn = new Scenario().sent([1, 2], { status: 'unknown' }).stored(1, '1005-0').done(1);
    expect(violationsOf(torn)).toEqual(['tornTransaction']);
  });
});
