import { describe, expect, it } from '@jest/globals';

import { healthy, violationsOf } from './verdict.js';

describe('checkRest', () => {
  it('reports anything left over', () => {
    const scenario = healthy();
    scenario.stuck = { 'chaos/one schedule': 3 };
    expect(violationsOf(scenario)).toEqual(['leftOver']);
  });

  it('reports the consumer of a process that ended in good order', () => {
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

  it('reports a process that ends before SIGTERM, or not after it', () => {
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
});
