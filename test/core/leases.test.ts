import { describe, expect, test } from '@jest/globals';
import type { WebhookDelivery } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { crashed } from '../support/crashed.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

const pendingOf = async (path: string, what: string, group = 'g'): Promise<number> =>
  ((await broker.redis.xpending(broker.key(path, what), group)) as [number])[0];

/** Resolves when the lease of an entry has been renewed `times` times from now on. */
async function renewed(path: string, id: string, times: number): Promise<void> {
  let idleBeforeMs = 0;
  let seen = 0;
  await eventually(async () => {
    const look = broker.redis.xpending(broker.key(path, 'log'), 'g', id, id, 1);
    const [[, , idleMs]] = (await look) as [[string, string, number]];
    if (idleMs < idleBeforeMs) seen += 1;
    idleBeforeMs = idleMs;
    return seen >= times;
  });
}

describe('a delivery whose lease was lost and taken back', () => {
  test('counts a late success and is not run again', async () => {
    const mq = broker.mq({ group: 'g' });
    const begun: WebhookDelivery[] = [];
    const finish: (() => void)[] = [];
    await mq.consume('/a', (delivery) => {
      begun.push(delivery);
      return new Promise<void>((resolve) => finish.push(resolve));
    });
    await mq.publish('/a', 1);
    await eventually(() => begun.length === 1);
    const log = broker.key('a', 'log');
    const lost = nextEvent(mq.events, 'leaseLost');
    const reclaimed = nextEvent(mq.events, 'reclaimed');
    await broker.redis.xclaim(
      log,
      'g',
      'other',
      0,
      begun[0]?.origin as string,
      'IDLE',
      600_000,
      'RETRYCOUNT',
      1,
    );
    await Promise.all([lost, reclaimed]);
    finish[0]?.();
    await eventually(async () => (await pendingOf('a', 'log')) === 0);
    await eventually(() => mq.health().inFlight === 0, { timeoutMs: 1_500 });
    expect(begun).toHaveLength(1);
    finish.forEach((each) => each());
  });

  test('is kept alive while the first run continues', async () => {
    const mq = broker.mq({ group: 'g', drainTimeoutMs: 100 });
    const begun: WebhookDelivery[] = [];
    const run = (delivery: WebhookDelivery): Promise<void> => {
      begun.push(delivery);
      return new Promise(() => undefined);
    };
    await mq.consume('/a', run, { maxCrashes: 9 });
    await mq.publish('/a', 1);
    await eventually(() => begun.length === 1);
    const log = broker.key('a', 'log');
    const id = begun[0]?.origin as string;
    const reclaimed: number[] = [];
    mq.events.on('reclaimed', ({ count }) => reclaimed.push(count));
    await broker.redis.xclaim(log, 'g', 'other', 0, id, 'IDLE', 600_000, 'RETRYCOUNT', 1);
    await eventually(() => reclaimed.length === 1);
    // Longer than the lease: another takeover would emit another event.
    await renewed('a', id, 4);
    expect(reclaimed).toEqual([1]);
  });
});

describe('an idempotency key', () => {
  test('is kept for the whole window even when a consumer that lost the lease still renews it', async () => {
    const mq = broker.mq({ group: 'g', drainTimeoutMs: 100 });
    const begun: WebhookDelivery[] = [];
    await mq.consume(
      '/a',
      (delivery) => {
        begun.push(delivery);
        return new Promise<void>(() => undefined);
      },
      { idempotent: true },
    );
    await mq.publish('/a', 1);
    await eventually(() => begun.length === 1);
    const [mark] = await broker.redis
      .keys(broker.key('a', '*') + '*done*')
      .then(async (found) =>
        found.length > 0
          ? found
          : (await broker.redis.keys(`${broker.prefix}:*`)).filter((k) => /once|done/.test(k)),
      );
    expect(mark).toBeDefined();
    // Another consumer has taken the message over and finished it.
    const lost = nextEvent(mq.events, 'leaseLost');
    await broker.redis
      .multi()
      .xclaim(broker.key('a', 'log'), 'g', 'other', 0, begun[0]?.origin as string)
      .xack(broker.key('a', 'log'), 'g', begun[0]?.origin as string)
      .set(mark as string, 'done', 'PX', 86_400_000)
      .exec();
    await lost;
    // Heartbeats continue for another delivery that the consumer still holds.
    await mq.publish('/a', 2);
    await eventually(() => begun.length === 2);
    await renewed('a', begun[1]?.origin as string, 2);
    expect(await broker.redis.pttl(mark as string)).toBeGreaterThan(80_000_000);
  });

  test('that is granted after its message was released does not run the handler', async () => {
    let decide = (): void => undefined;
    let asked = 0;
    let runs = 0;
    const freed: string[] = [];
    const mq = broker.mq({ group: 'g', drainTimeoutMs: 100 });
    await mq.consume('/a', () => void (runs += 1), {
      idempotent: true,
      idempotencyStore: {
        begin: () => {
          asked += 1;
          return new Promise((resolve) => (decide = () => resolve({ state: 'run' })));
        },
        complete: () => Promise.resolve(),
        fail: (key) => {
          freed.push(key);
          return Promise.resolve();
        },
      },
    });
    await mq.publish('/a', 1);
    await eventually(() => asked === 1);
    await mq.stop();
    decide();
    await eventually(() => freed.length === 1);
    expect(runs).toBe(0);
  });
});

describe('a pause', () => {
  test('keeps a suspect of the paused queue from running', async () => {
    const mq = broker.mq({ group: 'g' });
    const runs: string[] = [];
    for (const path of ['/a', '/b']) {
      await mq.queue(path).declareGroup('g');
      await mq.publish(path, 1);
      await crashed(broker, path.slice(1), { times: 2 });
      mq.handle(path, () => void runs.push(path));
    }
    await mq.queue('/a').pause();
    await mq.start();
    // One look finds the suspects of all routes and runs them in route order.
    await eventually(() => runs.length > 0);
    expect(runs).toEqual(['/b']);
    await mq.queue('/a').resume();
    await eventually(() => runs.length === 2);
  });
});

describe('a suspect', () => {
  test('with a slow handler occupies its own slot only', async () => {
    const mq = broker.mq({ group: 'g' });
    const runs: unknown[] = [];
    let finish = (): void => undefined;
    mq.handle('/a', ({ data }) => {
      runs.push(data);
      return data === 'slow' ? new Promise<void>((resolve) => (finish = resolve)) : undefined;
    });
    await mq.queue('/a').declareGroup('g');
    await mq.publish('/a', 'slow');
    await crashed(broker, 'a', { times: 2 });
    await mq.start();
    await eventually(() => runs.length === 1);
    await mq.publish('/a', 'quick');
    await eventually(() => runs.length === 2);
    expect(runs).toEqual(['slow', 'quick']);
    const acked = nextEvent(mq.events, 'acked');
    finish();
    await acked;
    await eventually(() => mq.health().inFlight === 0);
  });
});

describe('a second suspect', () => {
  test('waits for a slow one while everything else continues', async () => {
    const mq = broker.mq({ group: 'g', handlers: { concurrency: 1 } });
    const runs: unknown[] = [];
    const handle = ({ data }: { data: unknown }): unknown => {
      runs.push(data);
      return data === 'slow' ? new Promise(() => undefined) : undefined;
    };
    for (const path of ['/a', '/b']) mq.handle(path, handle);
    await mq.queue('/a').declareGroup('g');
    for (const data of ['slow', 'next']) await mq.publish('/a', data);
    await crashed(broker, 'a', { times: 2, count: 2 });
    await mq.start();
    await eventually(() => runs.length === 1);
    await mq.publish('/b', 'other');
    await eventually(() => runs.length === 2);
    expect(runs).toEqual(['slow', 'other']);
  });
});

describe("with ack: 'before'", () => {
  test('a refused ack frees the slot', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.consume('/a', () => undefined, { ack: 'before', concurrency: 1 });
    const log = broker.key('a', 'log');
    // Before the ack, the key is replaced by one of another type.
    mq.events.once('delivered', () => void broker.redis.set(log, 'of another type'));
    const refused = nextEvent(mq.events, 'fault');
    await mq.publish('/a', 1);
    await refused;
    await eventually(() => mq.health().inFlight === 0, { timeoutMs: 2_000 });
  });

  test('a handler hears of the shutdown through its signal', async () => {
    const reasons: unknown[] = [];
    const mq = broker.mq({ group: 'g', drainTimeoutMs: 100 });
    let began = false;
    await mq.consume(
      '/a',
      ({ signal }) => {
        began = true;
        signal.addEventListener('abort', () => reasons.push(signal.reason));
        return new Promise(() => undefined);
      },
      { ack: 'before' },
    );
    await mq.publish('/a', 1);
    await eventually(() => began);
    await mq.stop();
    expect(reasons).toHaveLength(1);
  });
});

test('a process that stalls for longer than a lease reports the loss once', async () => {
  const mq = broker.mq({ group: 'g', leaseMs: 600 });
  const told: string[] = [];
  mq.events.on('warning', ({ code }) => told.push(code));
  await mq.consume('/a', () => {
    const until = performance.now() + 1_300;
    while (performance.now() < until);
  });
  const acked = nextEvent(mq.events, 'acked');
  await mq.publish('/a', 1);
  await acked;
  await eventually(() => told.includes('EVENT_LOOP_STALLED'));
  expect(told.filter((code) => code === 'EVENT_LOOP_STALLED')).toHaveLength(1);
});
