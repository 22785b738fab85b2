import { describe, expect, test } from '@jest/globals';
import type { IdempotencyStore, OnceDecision } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';
import { serverNow } from '../support/recurring.js';

const broker = useBroker();

interface Payment {
  readonly key: string;
  readonly n: number;
}

const byKey = ({ data }: { data: Payment }): string => data.key;

describe('an idempotent handler', () => {
  test('runs once per key, whoever publishes it and however often', async () => {
    const runs: string[] = [];
    const consumers = await Promise.all(
      [1, 2].map(async () => {
        const mq = broker.mq({ group: 'g' });
        await mq.consume<Payment>('/pay', ({ data }) => void runs.push(data.key), {
          idempotent: byKey,
        });
        return mq;
      }),
    );
    const mq = broker.mq();
    let acked = 0;
    let skipped = 0;
    for (const consumer of consumers) {
      consumer.events.on('acked', () => (acked += 1));
      consumer.events.on('skipped', () => (skipped += 1));
    }
    await Promise.all(
      Array.from({ length: 60 }, (_, n) => mq.publish('/pay', { key: `k${n % 6}`, n })),
    );
    await eventually(async () => (await pending('g')) === 0 && runs.length === 6);
    expect(runs.toSorted()).toEqual(['k0', 'k1', 'k2', 'k3', 'k4', 'k5']);
    expect(acked).toBe(6);
    await eventually(() => skipped === 54);
  });

  test('leaves a duplicate waiting while the first run continues, without a slot or an attempt, and then skips it', async () => {
    let finish = (): void => undefined;
    const attempts: number[] = [];
    const mq = broker.mq({ group: 'g' });
    await mq.consume<Payment>(
      '/pay',
      ({ attempt, data }) => {
        attempts.push(attempt);
        if (data.key === 'slow') return new Promise<void>((resolve) => (finish = resolve));
        return undefined;
      },
      { idempotent: byKey, concurrency: 2 },
    );
    await mq.publish('/pay', { key: 'slow', n: 1 });
    await eventually(() => attempts.length === 1);
    await mq.publish('/pay', { key: 'slow', n: 2 });
    await eventually(async () => (await broker.redis.zcard(broker.key('pay', 'schedule'))) === 1);
    // The duplicate holds no slot: another key runs beside the one still running.
    await mq.publish('/pay', { key: 'fast', n: 3 });
    await eventually(() => attempts.length === 2);
    finish();
    await eventually(async () => (await broker.redis.zcard(broker.key('pay', 'schedule'))) === 0);
    await eventually(async () => (await pending('g')) === 0);
    expect(attempts).toEqual([1, 1]);
  });

  test('runs again for a duplicate only if the first run failed', async () => {
    const seen: [number, number][] = [];
    const mq = broker.mq({ group: 'g', handlers: { attempts: 1 } });
    await mq.consume<Payment>(
      '/pay',
      ({ data, attempt }) => {
        seen.push([data.n, attempt]);
        if (data.n === 1) throw new Error('no');
      },
      { idempotent: byKey },
    );
    const dead = nextEvent(mq.events, 'deadLettered');
    await mq.publish('/pay', { key: 'k', n: 1 });
    await dead;
    const acked = nextEvent(mq.events, 'acked');
    await mq.publish('/pay', { key: 'k', n: 2 });
    await acked;
    await mq.publish('/pay', { key: 'k', n: 3 });
    await eventually(async () => (await pending('g')) === 0 && (await unread('g')) === 0);
    expect(seen).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  test('forgets a key after its window', async () => {
    let runs = 0;
    const mq = broker.mq({ group: 'g' });
    await mq.consume<Payment>('/pay', () => void (runs += 1), {
      idempotent: byKey,
      idempotencyMs: 100,
    });
    const first = nextEvent(mq.events, 'acked');
    await mq.publish('/pay', { key: 'k', n: 1 });
    await first;
    await eventually(async () => (await broker.redis.exists(broker.key('pay', 'done:g:k'))) === 0);
    const second = nextEvent(mq.events, 'acked');
    await mq.publish('/pay', { key: 'k', n: 2 });
    await second;
    expect(runs).toBe(2);
  });

  test('fails the attempt when the key is invalid, and the error says so', async () => {
    const mq = broker.mq({ group: 'g', handlers: { attempts: 1 } });
    await mq.consume<Payment>('/pay', () => undefined, { idempotent: () => '' });
    const dead = nextEvent(mq.events, 'deadLettered');
    await mq.publish('/pay', { key: 'k', n: 1 });
    expect(await dead).toMatchObject({ reason: 'failed', error: { code: 'CONFIG_INVALID' } });
  });

  test('is not given a message that expired while its key was being checked', async () => {
    const runs: number[] = [];
    const failed: string[] = [];
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const idempotencyStore: IdempotencyStore = {
      begin: () => answered.then(() => ({ state: 'run' })),
      complete: () => Promise.resolve(),
      fail: (key) => {
        failed.push(key);
        return Promise.resolve();
      },
    };
    const mq = broker.mq({ group: 'g' });
    await mq.consume<Payment>('/pay', ({ data }) => void runs.push(data.n), {
      ...{ idempotent: byKey, idempotencyStore },
    });
    const expired = nextEvent(mq.events, 'expired');
    const acked = nextEvent(mq.events, 'acked');
    const asked = nextEvent(mq.events, 'delivered');
    await mq.publish('/pay', { key: 'one', n: 1 }, { ttlMs: 200 });
    const expiredBy = (await serverNow(broker.redis)) + 200;
    await asked;
    await mq.publish('/pay', { key: 'one', n: 2 });
    await eventually(async () => (await serverNow(broker.redis)) > expiredBy);
    answer();
    await Promise.all([expired, acked]);
    expect(runs).toEqual([2]);
    expect(failed).toEqual(['one']);
  });

  test('is not called when the process stalled past its lease while the key was being checked', async () => {
    const calls: string[] = [];
    const idempotencyStore: IdempotencyStore = {
      begin: () => {
        calls.push('begin');
        const until = performance.now() + (calls.length === 1 ? 1_000 : 0);
        while (performance.now() < until);
        return Promise.resolve({ state: 'run' });
      },
      complete: () => Promise.resolve(void calls.push('complete')),
      fail: () => Promise.resolve(void calls.push('fail')),
    };
    const mq = broker.mq({ group: 'g', leaseMs: 900 });
    await mq.consume<Payment>('/pay', () => void calls.push('handler'), {
      ...{ idempotent: byKey, idempotencyStore },
    });
    const acked = nextEvent(mq.events, 'acked');
    await mq.publish('/pay', { key: 'one', n: 1 });
    await acked;
    expect(calls).toEqual(['begin', 'fail', 'begin', 'handler', 'complete']);
  });

  test('may keep its marks in a custom store', async () => {
    const marks = new Map<string, string>();
    const store: IdempotencyStore = {
      begin: (key, owner): Promise<OnceDecision> => {
        const mark = marks.get(key) ?? owner;
        if (mark === 'done') return Promise.resolve({ state: 'done' });
        if (mark !== owner) return Promise.resolve({ state: 'busy', forMs: 10 });
        marks.set(key, owner);
        return Promise.resolve({ state: 'run' });
      },
      complete: (key) => Promise.resolve(void marks.set(key, 'done')),
      fail: (key) => Promise.resolve(void marks.delete(key)),
    };
    const runs: number[] = [];
    const mq = broker.mq({ group: 'g' });
    await mq.consume<Payment>(
      '/pay',
      ({ data, attempt }) => {
        runs.push(data.n);
        if (attempt === 1) throw new Error('first');
      },
      { idempotent: byKey, idempotencyStore: store, concurrency: 1 },
    );
    await mq.publish('/pay', { key: 'k', n: 1 });
    await eventually(() => marks.get('k') === 'done');
    await mq.publish('/pay', { key: 'k', n: 2 });
    await eventually(async () => (await unread('g')) === 0 && (await pending('g')) === 0);
    expect(runs).toEqual([1, 1]);
  });
});

async function pending(group: string): Promise<number> {
  const [log] = (await broker.redis.xpending(broker.key('pay', 'log'), group)) as [number];
  const [inbox] = (await broker.redis.xpending(broker.key('pay', `inbox:${group}`), group)) as [
    number,
  ];
  const scheduled = await broker.redis.zcard(broker.key('pay', 'schedule'));
  const waiting = await broker.redis.xlen(broker.key('pay', `inbox:${group}`));
  return log + inbox + scheduled + waiting;
}

async function unread(group: string): Promise<number> {
  const groups = (await broker.redis.xinfo('GROUPS', broker.key('pay', 'log'))) as (
    string | number
  )[][];
  const own = groups.find((fields) => fields[1] === group) ?? [];
  return Number(own[own.indexOf('lag') + 1]);
}
