import { performance as clock } from 'node:perf_hooks';

import { afterEach, beforeEach, describe, expect, it, jest, test } from '@jest/globals';
import fc from 'fast-check';

import { LeaseLostError } from '../../errors.js';
import type { Claim, InFlight, Source } from '../../message/index.js';
import { Keys } from '../../redis/index.js';
import { SUBSCRIPTION_DEFAULTS } from './options.js';
import { Subscription } from './subscription.js';

const LEASED_UNTIL = 30_000;

function subscription(concurrency = 4): Subscription {
  const keys = new Keys('leanmq').route('a');
  return new Subscription('a', keys, 'orders', { ...SUBSCRIPTION_DEFAULTS, concurrency });
}

function claim(entryId: string, source: Source = 'log', deliveries = 1): Claim {
  return { source, entryId, fields: ['d', '1'], deliveries };
}

function accept(to: Subscription, ...ids: readonly string[]): void {
  for (const id of ids) to.accept(claim(id), LEASED_UNTIL);
}

/** Begins whatever has a slot. */
function takeAll(from: Subscription): InFlight<Subscription>[] {
  const taken: InFlight<Subscription>[] = [];
  for (let next = from.takeNext(); next !== undefined; next = from.takeNext()) taken.push(next);
  return taken;
}

function idsOf(deliveries: Iterable<InFlight<Subscription>>): string[] {
  return [...deliveries].map(({ entryId }) => entryId);
}

function holds(route: Subscription, entryId: string): boolean {
  return idsOf(route.deliveries('log')).includes(entryId);
}

/** The sources import their clock, so Jest's fake one does not replace it; it is made to follow the fake one here. */
beforeEach(() => {
  jest.useFakeTimers();
  jest.spyOn(clock, 'now').mockImplementation(() => performance.now());
  jest.advanceTimersByTime(1_000);
});

afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

describe('a delivery that was read', () => {
  it('begins in order, up to the concurrency', () => {
    const route = subscription(2);
    accept(route, '1-0', '2-0', '3-0');
    expect(idsOf(takeAll(route))).toEqual(['1-0', '2-0']);
    expect(route.runningCount).toBe(2);
    expect(route.bufferedCount).toBe(1);
  });

  it('begins as soon as a slot is free', () => {
    const route = subscription(1);
    accept(route, '1-0', '2-0');
    const [first] = takeAll(route);
    expect(route.takeNext()).toBeUndefined();
    route.ended(first!);
    expect(route.takeNext()?.entryId).toBe('2-0');
    expect(route.takeNext()).toBeUndefined();
  });

  it('keeps its order over thousands of deliveries, however they come and go', () => {
    const chunks = fc.array(fc.tuple(fc.nat({ max: 700 }), fc.nat({ max: 700 })), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(chunks, (some) => {
        const route = subscription(Infinity);
        let accepted = 0;
        let taken = 0;
        for (const [toAccept, toTake] of some) {
          for (let count = 0; count < toAccept; count += 1) accept(route, `${accepted++}-0`);
          const due = Math.min(toTake, accepted - taken);
          const expected = Array.from({ length: due }, (_, index) => `${taken + index}-0`);
          expect(expected.map(() => route.takeNext()?.entryId)).toEqual(expected);
          taken += due;
          expect(route.bufferedCount).toBe(accepted - taken);
        }
        if (taken === accepted) expect(route.takeNext()).toBeUndefined();
        expect(idsOf(route.takeBuffered())[0]).toBe(taken < accepted ? `${taken}-0` : undefined);
      }),
      { numRuns: 50 },
    );
  });

  it('can be taken back as long as it has not begun', () => {
    const route = subscription(1);
    accept(route, '1-0', '2-0', '3-0');
    takeAll(route);
    expect(idsOf(route.takeBuffered())).toEqual(['2-0', '3-0']);
    expect(route.bufferedCount).toBe(0);
    expect(route.takeBuffered()).toEqual([]);
    // All are held until Redis confirms their end.
    expect(route.inFlightCount).toBe(3);
    accept(route, '4-0');
    expect(idsOf(route.takeBuffered())).toEqual(['4-0']);
  });

  it('knows its stream, its lease and its route', () => {
    const route = subscription();
    accept(route, '1-0');
    const [delivery] = takeAll(route);
    expect(delivery).toMatchObject({ route, source: 'log', deliveries: 1, startedAt: 1_000 });
    expect(delivery?.leasedUntil).toBe(LEASED_UNTIL);
    expect(route.streamOf('log')).toBe('leanmq:{a}:log');
    expect(route.streamOf('inbox')).toBe('leanmq:{a}:inbox:orders');
  });

  it('is not begun while the route is off', () => {
    const route = subscription();
    accept(route, '1-0');
    route.isOff = true;
    expect(route.takeNext()).toBeUndefined();
    expect(route.appetite).toBe(0);
    expect(route.freeSlots).toBe(0);
    route.isOff = false;
    expect(route.takeNext()?.entryId).toBe('1-0');
  });

  it('is not run when it is lost while it waits', () => {
    const route = subscription();
    route.accept(claim('1-0'), 1);
    route.accept(claim('2-0'), 1);
    for (const each of route.deliveries('log')) {
      if (each.entryId === '1-0') each.lose(new LeaseLostError());
    }
    expect(route.takeNext()?.entryId).toBe('2-0');
    expect(route.takeNext()).toBeUndefined();
    expect(holds(route, '1-0')).toBe(false);
  });
});

describe('the same entry', () => {
  it('is held once, however often it is claimed', () => {
    const route = subscription();
    accept(route, '1-0', '1-0');
    expect(route.admit(claim('1-0'), LEASED_UNTIL)).toBeUndefined();
    expect(idsOf(takeAll(route))).toEqual(['1-0']);
    accept(route, '1-0');
    expect(takeAll(route)).toEqual([]);
    expect(route.inFlightCount).toBe(1);
  });

  it('is another one on the other stream', () => {
    const route = subscription();
    route.accept(claim('1-0', 'log'), LEASED_UNTIL);
    route.accept(claim('1-0', 'inbox'), LEASED_UNTIL);
    expect(takeAll(route).map(({ source }) => source)).toEqual(['log', 'inbox']);
    expect(idsOf(route.deliveries('log'))).toEqual(['1-0']);
    expect(idsOf(route.deliveries('inbox'))).toEqual(['1-0']);
    expect(holds(route, '1-0')).toBe(true);
    expect(holds(route, '2-0')).toBe(false);
  });

  it('is admitted without a turn when it is to run alone', () => {
    const route = subscription();
    const alone = route.admit(claim('1-0'), LEASED_UNTIL);
    expect(route.takeNext()).toBeUndefined();
    expect(route.inFlightCount).toBe(1);
    route.begin(alone!);
    expect(route.runningCount).toBe(1);
    route.ended(alone!);
    expect(route.runningCount).toBe(0);
  });

  test.each<[string, claimed: number[], begunNext: number | undefined]>([
    ['was not claimed again', [], undefined],
    ['was reported twice', [1], undefined],
    ['was claimed again', [2], 2],
    ['was claimed again more than once', [2, 3], 3],
    ['was claimed again, which an older reply reported later', [3, 2], 3],
  ])('that %s while its handler ran runs again only after that', (_, claimed, begunNext) => {
    const route = subscription();
    accept(route, '1-0');
    const [first] = takeAll(route);
    for (const deliveries of claimed) route.accept(claim('1-0', 'log', deliveries), LEASED_UNTIL);
    expect(takeAll(route)).toEqual([]);

    route.ended(first!);
    expect(takeAll(route)).toEqual([]);
    route.forget(first!);
    const [next] = takeAll(route);
    expect(next?.deliveries).toBe(begunNext);
    expect(next?.leasedUntil).toBe(begunNext && LEASED_UNTIL);
    expect(route.inFlightCount).toBe(begunNext === undefined ? 0 : 1);
  });
});

describe('a delivery that has ended', () => {
  it('frees its slot once', () => {
    const route = subscription(2);
    accept(route, '1-0', '2-0');
    const [first] = takeAll(route);
    route.ended(first!);
    route.ended(first!);
    expect(route.runningCount).toBe(1);
    expect(first!.hasEnded).toBe(true);
  });

  it('frees no slot if it never had one', () => {
    const route = subscription(1);
    accept(route, '1-0', '2-0');
    takeAll(route);
    const [waiting] = route.takeBuffered();
    route.ended(waiting!);
    expect(route.runningCount).toBe(1);
  });

  it('is held until it is forgotten', () => {
    const route = subscription();
    accept(route, '1-0');
    const [first] = takeAll(route);
    route.ended(first!);
    expect(holds(route, '1-0')).toBe(true);
    route.forget(first!);
    expect(holds(route, '1-0')).toBe(false);
    expect(route.inFlightCount).toBe(0);
  });

  it('does not remove a new delivery with the same id', () => {
    const route = subscription();
    accept(route, '1-0');
    const [first] = takeAll(route);
    route.ended(first!);
    route.forget(first!);
    accept(route, '1-0');
    route.forget(first!);
    expect(holds(route, '1-0')).toBe(true);
    expect(idsOf(takeAll(route))).toEqual(['1-0']);
  });
});

describe('the appetite of a route', () => {
  test.each<[string, running: number, waiting: number, expected: number]>([
    ['all its slots at first', 0, 0, 16],
    ['the slots that are free', 10, 0, 6],
    ['a single slot, as long as nothing waits', 15, 0, 1],
    ['nothing when all slots are busy', 16, 0, 0],
    ['nothing when buffered deliveries fill its slots', 10, 6, 0],
    ['nothing for a few slots while a delivery waits', 12, 1, 0],
    ['a quarter or more, also while a delivery waits', 11, 1, 4],
    ['nothing when it holds more than it has slots for', 16, 20, 0],
  ])('is %s', (_, running, waiting, expected) => {
    const route = subscription(16);
    accept(route, ...Array.from({ length: running }, (__, index) => `1-${index}`));
    expect(takeAll(route)).toHaveLength(running);
    accept(route, ...Array.from({ length: waiting }, (__, index) => `2-${index}`));
    expect(route.appetite).toBe(expected);
    expect(route.freeSlots).toBe(Math.max(0, 16 - running - waiting));
  });

  function runFor(route: Subscription, id: string, ms: number): void {
    accept(route, id);
    const [delivery] = takeAll(route);
    jest.advanceTimersByTime(ms);
    route.ended(delivery!);
    route.forget(delivery!);
  }

  it('grows beyond the slots when handlers are fast', () => {
    const route = subscription(16);
    runFor(route, '1-0', 5);
    expect(route.appetite).toBe(16 + 64);
  });

  it('covers the slots alone when handlers are slow', () => {
    const route = subscription(16);
    runFor(route, '1-0', 1_000);
    expect(route.appetite).toBe(16);
  });

  it('follows the handlers, but not a single one of them', () => {
    const route = subscription(16);
    runFor(route, '1-0', 5);
    runFor(route, '2-0', 25);
    // The mean is 6 ms now.
    expect(route.appetite).toBe(16 + 53);
  });

  it('covers the slots alone when there is a rate limit', () => {
    const keys = new Keys('leanmq').route('a');
    const route = new Subscription('a', keys, 'orders', {
      ...SUBSCRIPTION_DEFAULTS,
      rateLimit: { count: 5, perMs: 1_000 },
    });
    runFor(route, '1-0', 5);
    expect(route.appetite).toBe(16);
  });
});
