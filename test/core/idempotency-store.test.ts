import { describe, expect, test } from '@jest/globals';
import type { IdempotencyStore, LeanMQEvents, OnceDecision } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

const LEASE_MS = 600;

/** A store in memory; the mark of a running handler lasts for the lease that the store is given. */
class LeasedMarks implements IdempotencyStore {
  private readonly marks = new Map<string, { readonly owner: string; readonly until: number }>();
  private readonly done = new Set<string>();
  /** Calls and answers, in order. */
  readonly calls: { readonly what: string; readonly owner: string }[] = [];

  begin(key: string, owner: string, leaseMs: number): Promise<OnceDecision> {
    const decision = this.decide(key, owner, leaseMs);
    this.calls.push({ what: decision.state, owner });
    return Promise.resolve(decision);
  }

  complete(key: string, owner: string): Promise<void> {
    this.calls.push({ what: 'complete', owner });
    this.marks.delete(key);
    this.done.add(key);
    return Promise.resolve();
  }

  fail(key: string, owner: string): Promise<void> {
    this.calls.push({ what: 'fail', owner });
    this.marks.delete(key);
    return Promise.resolve();
  }

  protected decide(key: string, owner: string, leaseMs: number): OnceDecision {
    if (this.done.has(key)) return { state: 'done' };
    const mark = this.marks.get(key);
    const now = performance.now();
    if (mark !== undefined && mark.owner !== owner && mark.until > now) {
      return { state: 'busy', forMs: mark.until - now };
    }
    this.marks.set(key, { owner, until: now + leaseMs });
    return { state: 'run' };
  }
}

describe('a custom idempotency store', () => {
  test('is asked to renew its mark for as long as the handler runs', async () => {
    const store = new LeasedMarks();
    let finish = (): void => undefined;
    let runs = 0;
    const mq = broker.mq({ group: 'g', leaseMs: LEASE_MS });
    await mq.consume(
      '/a',
      () => {
        runs += 1;
        return new Promise<void>((resolve) => (finish = resolve));
      },
      { idempotent: () => 'one', idempotencyStore: store, concurrency: 2 },
    );
    const skipped = nextEvent(mq.events, 'skipped');
    await mq.publish('/a', 1);
    await eventually(() => runs === 1);
    const longAfter = performance.now() + 1.3 * LEASE_MS;
    await eventually(() => performance.now() > longAfter);
    await mq.publish('/a', 2);
    await eventually(() => new Set(store.calls.map(({ owner }) => owner)).size === 2);
    finish();
    await skipped;
    expect(runs).toBe(1);
    expect(store.calls.filter(({ what }) => what === 'complete')).toHaveLength(1);
  });

  test('that renews slowly holds up no lease, and gets one call at a time', async () => {
    const told: string[] = [];
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const store: IdempotencyStore = {
      begin: async () => {
        told.push('begin');
        if (told.length > 1) await answered;
        told.push('begun');
        return { state: 'run' };
      },
      complete: () => Promise.resolve(void told.push('complete')),
      fail: () => Promise.resolve(void told.push('fail')),
    };
    let finish = (): void => undefined;
    const mq = broker.mq({ group: 'g', leaseMs: LEASE_MS });
    const lost: unknown[] = [];
    mq.events.on('leaseLost', (event) => lost.push(event));
    mq.events.on('reclaimed', (event) => lost.push(event));
    await mq.consume('/a', () => new Promise<void>((resolve) => (finish = resolve)), {
      ...{ idempotent: true, idempotencyStore: store },
    });
    const acked = nextEvent<{ leaseLost: boolean }>(mq.events, 'acked');
    await mq.publish('/a', 1);
    await eventually(() => told.length === 3);
    const longAfter = performance.now() + 1.5 * LEASE_MS;
    await eventually(() => performance.now() > longAfter);
    finish();
    answer();
    expect(await acked).toMatchObject({ leaseLost: false });
    expect(lost).toEqual([]);
    expect(told).toEqual(['begin', 'begun', 'begin', 'begun', 'complete']);
  });

  test('that never answers a renewal holds a delivery for a lease at most', async () => {
    let begun = 0;
    const store: IdempotencyStore = {
      begin: () => {
        begun += 1;
        return begun === 1 ? Promise.resolve({ state: 'run' }) : new Promise(() => undefined);
      },
      complete: () => Promise.resolve(),
      fail: () => Promise.resolve(),
    };
    let finish = (): void => undefined;
    const mq = broker.mq({ group: 'g', leaseMs: LEASE_MS });
    await mq.consume('/a', () => new Promise<void>((resolve) => (finish = resolve)), {
      ...{ idempotent: true, idempotencyStore: store },
    });
    const acked = nextEvent<{ leaseLost: boolean }>(mq.events, 'acked');
    await mq.publish('/a', 1);
    await eventually(() => begun === 2);
    finish();
    expect(await acked).toMatchObject({ leaseLost: false });
  });

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a word', 'run', '"run"'],
    ['an unknown state', { state: 'ready' }, 'an object whose "state" is "ready"'],
    ['no time', { state: 'busy' }, 'an object whose "forMs" is undefined'],
    ['a time in a string', { state: 'busy', forMs: '5' }, 'an object whose "forMs" is "5"'],
    [
      'a time that is not a number',
      { state: 'busy', forMs: NaN },
      'an object whose "forMs" is NaN',
    ],
  ])('that answers with %s fails the attempt, and the error says so', async (_, answer, shown) => {
    const mq = broker.mq({ group: 'g', handlers: { attempts: 2 } });
    let runs = 0;
    await mq.consume('/a', () => void (runs += 1), {
      ...{ idempotent: true, idempotencyStore: storeThatSays(answer) },
    });
    const retried = nextEvent(mq.events, 'retried');
    const dead = nextEvent<LeanMQEvents['deadLettered'][0]>(mq.events, 'deadLettered');
    await mq.publish('/a', 1);
    expect(await retried).toMatchObject({ error: { code: 'IDEMPOTENCY_STORE' } });
    const { error } = await dead;
    expect(error?.message).toBe(
      `begin() of "idempotencyStore" resolved to ${shown}; have it resolve to { state: 'run' }, { state: 'done' } or { state: 'busy', forMs: <milliseconds> }.`,
    );
    expect(runs).toBe(0);
  });

  test.each([
    [0, 1_000],
    [-5, 1_000],
    [1e-9, 100],
  ])('that says busy for %d ms is asked again after %d ms', async (forMs, pauseMs) => {
    const asked: number[] = [];
    const mq = broker.mq({ group: 'g', sweepMs: 10 });
    const store: IdempotencyStore = {
      ...storeThatSays(undefined),
      begin: () => {
        asked.push(performance.now());
        return Promise.resolve(asked.length < 3 ? { state: 'busy', forMs } : { state: 'done' });
      },
    };
    const skipped = nextEvent(mq.events, 'skipped');
    await mq.consume('/a', () => undefined, { idempotent: true, idempotencyStore: store });
    await mq.publish('/a', 1);
    await skipped;
    const [first = 0, second = 0, third = 0] = asked;
    expect(second - first).toBeGreaterThan(0.9 * pauseMs);
    expect(third - second).toBeGreaterThan(0.9 * pauseMs);
  });
});

function storeThatSays(answer: unknown): IdempotencyStore {
  return {
    begin: () => Promise.resolve(answer as OnceDecision),
    complete: () => Promise.resolve(),
    fail: () => Promise.resolve(),
  };
}
