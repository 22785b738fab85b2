import { describe, expect, it } from '@jest/globals';

import { GROUPS, KEPT, ONCE } from '../setting.js';
import { Random } from './random.js';
import { RECIPES, planTimeline, type TimelineSettings } from './timeline.js';
import { ALWAYS, LARGE, operationOf, planWorkload } from './workload.js';

describe('Random', () => {
  it('gives equal numbers for equal seeds only', () => {
    const numbers = (seed: number): number[] => {
      const random = new Random(seed, 'x');
      return Array.from({ length: 20 }, () => random.next());
    };
    expect(numbers(1)).toEqual(numbers(1));
    expect(numbers(1)).not.toEqual(numbers(2));
  });

  it('spreads its numbers evenly over [0, 1)', () => {
    const random = new Random('even');
    const counts = Array.from({ length: 10 }, () => 0);
    for (let count = 0; count < 10_000; count += 1) {
      const bucket = Math.floor(random.next() * 10);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    expect(counts).toHaveLength(10);
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  it('picks by weight, and never picks an item of weight 0', () => {
    const random = new Random('weights');
    const picked = { often: 0, seldom: 0, never: 0 };
    for (let count = 0; count < 1_000; count += 1) {
      picked[random.weighted({ often: 9, seldom: 1, never: 0 })] += 1;
    }
    expect(picked.never).toBe(0);
    expect(picked.seldom).toBeGreaterThan(50);
    expect(picked.often).toBeGreaterThan(800);
  });
});

describe('planWorkload', () => {
  const operations = planWorkload({ seed: 7, messages: 5_000, large: 1, backlog: 0 });
  const sends = operations.flatMap((operation) => operation.sends);

  it('is equal for equal seeds only', () => {
    const plan = (seed: number): unknown =>
      planWorkload({ seed, messages: 500, large: 1, backlog: 0 });
    expect(plan(7)).toEqual(plan(7));
    expect(plan(8)).not.toEqual(plan(7));
  });

  it('gives each message a unique number that leads to its operation', () => {
    expect(new Set(sends.map(({ task }) => task.n)).size).toBe(sends.length);
    for (const { index, sends: own } of operations) {
      for (const { task } of own) expect(operationOf(task.n)).toBe(index);
    }
  });

  it('has the requested share of large payloads', () => {
    const large = (percent: number): number =>
      planWorkload({ seed: 7, messages: 5_000, large: percent, backlog: 0 })
        .flatMap((operation) => operation.sends)
        .filter(({ task }) => task.pad !== undefined).length;
    expect(large(0)).toBe(0);
    expect(large(80)).toBeGreaterThan(3_500);
  });

  it('begins with the backlog, which moves the killers back', () => {
    const plan = (backlog: number): ReturnType<typeof planWorkload> =>
      planWorkload({ seed: 7, messages: 500, large: 0, backlog });
    const stocked = plan(20);
    for (const [index, operation] of stocked.slice(0, 20).entries()) {
      expect(operation.sends).toMatchObject([
        {
          path: KEPT[0],
          task: { n: index * 4, acts: { a: { do: 'ok' }, b: { do: 'ok' } }, pad: LARGE },
        },
      ]);
    }
    const killers = (operations: typeof stocked): number[] =>
      operations
        .filter(({ sends: [send] }) => GROUPS.some((group) => send?.task.acts[group].do === 'die'))
        .map(({ index }) => index);
    expect(killers(stocked)).toEqual(killers(plan(0)).map((index) => index + 20));
  });

  it('has operations of every kind', () => {
    const acts = sends.flatMap(({ task }) => GROUPS.map((group) => task.acts[group]));
    expect(new Set(acts.map((act) => act.do))).toEqual(
      new Set(['ok', 'fail', 'always', 'long', 'hang', 'die']),
    );
    expect(acts.some((act) => act.do === 'die' && act.times === ALWAYS)).toBe(true);
    expect(sends.some(({ delayMs }) => delayMs !== undefined)).toBe(true);
    expect(sends.some(({ ttlMs }) => ttlMs !== undefined)).toBe(true);
    expect(operations.some((each) => each.sends.length > 1)).toBe(true);
    expect(operations.some(({ twice }) => twice)).toBe(true);
  });

  it('repeats only operations with message ids, because others would be stored twice', () => {
    for (const { retries, twice, sends: own } of operations) {
      if (!retries && !twice) continue;
      expect(own.every(({ messageId }) => messageId !== undefined)).toBe(true);
    }
  });

  it('gives every message on the idempotent queue a key that others share', () => {
    const once = sends.filter(({ path }) => path === ONCE);
    const keys = new Set(once.map(({ task }) => task.key));
    expect(keys.has(undefined)).toBe(false);
    expect(keys.size).toBeLessThan(once.length * 0.8);
  });
});

describe('planTimeline', () => {
  const settings: TimelineSettings = {
    ...{ seed: 3, topology: 'standalone', faults: 200, failovers: 0, durationMs: 100_000 },
  };

  it('is equal for equal seeds only', () => {
    expect(planTimeline(settings)).toEqual(planTimeline(settings));
    expect(planTimeline({ ...settings, seed: 4 })).not.toEqual(planTimeline(settings));
  });

  it('has the requested number of faults, in order and within the duration', () => {
    const timeline = planTimeline(settings);
    expect(timeline).toHaveLength(200);
    const times = timeline.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.every((at) => at > 0 && at <= 100_000)).toBe(true);
  });

  it('has every kind that the topology allows', () => {
    const kinds = new Set(planTimeline({ ...settings, faults: 30 }).map(({ kind }) => kind));
    const possible = Object.entries(RECIPES).filter(([, { weight }]) => weight.standalone > 0);
    expect([...kinds].toSorted()).toEqual(possible.map(([kind]) => kind).toSorted());
  });

  it('has only kinds that the topology allows', () => {
    const kinds = planTimeline({ ...settings, topology: 'sentinel', failovers: 5 });
    const failovers = kinds.filter(({ kind }) => kind.startsWith('failover'));
    expect(failovers).toHaveLength(5);
    for (const { kind } of kinds) {
      if (!kind.startsWith('failover')) expect(RECIPES[kind].weight.sentinel).toBeGreaterThan(0);
    }
    expect(planTimeline(settings).some(({ kind }) => kind.startsWith('failover'))).toBe(false);
  });

  it('has only the requested kinds', () => {
    const timeline = planTimeline({ ...settings, only: ['script-flush'] });
    expect(new Set(timeline.map(({ kind }) => kind))).toEqual(new Set(['script-flush']));
  });
});
