import { describe, expect, test } from '@jest/globals';
import { InvalidDeliveryError, RejectError, RetryError, type LeanMQEvents } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

describe('a retry', () => {
  test('comes after its backoff, with the attempt counted', async () => {
    const mq = broker.mq({ handlers: { backoff: { type: 'fixed', delayMs: 150 } } });
    const seen: { attempt: number; at: number; error: string | undefined }[] = [];
    await mq.consume('/flaky', ({ attempt, lastError }) => {
      seen.push({ attempt, at: performance.now(), error: lastError?.message });
      if (attempt < 3) throw new Error(`no ${attempt}`);
    });
    const acked = nextEvent<LeanMQEvents['acked'][0]>(mq.events, 'acked');
    const { id } = await mq.publish('/flaky', {});
    expect(await acked).toMatchObject({ id, attempt: 3 });
    expect(seen.map(({ attempt, error }) => [attempt, error])).toEqual([
      [1, undefined],
      [2, 'no 1'],
      [3, 'no 2'],
    ]);
    for (const [index, { at }] of seen.slice(1).entries()) {
      const waitedMs = at - (seen[index]?.at ?? 0);
      expect(waitedMs).toBeGreaterThanOrEqual(149);
      expect(waitedMs).toBeLessThan(150 + 250);
    }
  });

  test('that waits is not pending: it pins neither the log nor memory', async () => {
    const mq = broker.mq({ group: 'g', handlers: { backoff: { type: 'fixed', delayMs: 60_000 } } });
    await mq.consume('/later', () => {
      throw new Error('no');
    });
    const retried = nextEvent(mq.events, 'retried');
    await mq.publish('/later', {});
    await retried;
    const [pending] = (await broker.redis.xpending(broker.key('later', 'log'), 'g')) as [number];
    expect(pending).toBe(0);
    expect(await broker.redis.zcard(broker.key('later', 'schedule'))).toBe(1);
  });

  test('in group A is not seen by group B', async () => {
    const a: number[] = [];
    const b: number[] = [];
    const failing = await broker.consume(
      '/shared',
      ({ attempt }) => {
        a.push(attempt);
        if (attempt < 3) throw new Error('no');
      },
      { group: 'a' },
    );
    await broker.consume('/shared', ({ attempt }) => void b.push(attempt), { group: 'b' });
    const acked = nextEvent(failing.events, 'acked');
    await failing.publish('/shared', {});
    await acked;
    await eventually(() => b.length > 0);
    expect(a).toEqual([1, 2, 3]);
    expect(b).toEqual([1]);
  });

  test('is timed by RetryError, which can leave the attempt uncounted', async () => {
    const mq = broker.mq({ handlers: { attempts: 2 } });
    const attempts: number[] = [];
    await mq.consume('/polite', ({ attempt }) => {
      attempts.push(attempt);
      if (attempts.length < 4) throw new RetryError({ afterMs: 10, free: true });
    });
    const acked = nextEvent(mq.events, 'acked');
    await mq.publish('/polite', {});
    await acked;
    expect(attempts).toEqual([1, 1, 1, 1]);
  });

  test('may be any time away', async () => {
    const mq = await broker.consume('/a', () => {
      throw new RetryError({ afterMs: 1e25 });
    });
    const retried = nextEvent(mq.events, 'retried');
    await mq.publish('/a', 1);
    await retried;
    const [, score] = await broker.redis.zrange(
      broker.key('a', 'schedule'),
      '0',
      '-1',
      'WITHSCORES',
    );
    expect(Number(score)).toBeGreaterThanOrEqual(1e25);
  });

  test('happens exactly as often as configured before the message is dead-lettered', async () => {
    const mq = broker.mq({ handlers: { attempts: 4 } });
    const attempts: number[] = [];
    await mq.consume('/hopeless', ({ attempt }) => {
      attempts.push(attempt);
      throw new Error('never');
    });
    const dead = nextEvent<LeanMQEvents['deadLettered'][0]>(mq.events, 'deadLettered');
    await mq.publish('/hopeless', {});
    expect(await dead).toMatchObject({ reason: 'failed', attempt: 4 });
    expect(attempts).toEqual([1, 2, 3, 4]);
  });

  test('does not follow a RejectError: the message is dead-lettered at once', async () => {
    const mq = broker.mq();
    let calls = 0;
    await mq.consume('/no', () => {
      calls += 1;
      throw new RejectError('not for me');
    });
    const dead = nextEvent<LeanMQEvents['deadLettered'][0]>(mq.events, 'deadLettered');
    await mq.publish('/no', {});
    expect(await dead).toMatchObject({ reason: 'rejected', error: { message: 'not for me' } });
    expect(calls).toBe(1);
  });

  test('follows a handler timeout, and the slot is free only when the handler has ended', async () => {
    const mq = broker.mq({ handlers: { handlerTimeoutMs: 60, concurrency: 1 } });
    const log: string[] = [];
    let release = (): void => undefined;
    await mq.consume('/slow', async ({ attempt, signal }) => {
      log.push(`begin ${attempt}`);
      if (attempt > 1) return;
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          log.push((signal.reason as Error).name);
          release = resolve;
        });
      });
      log.push('end 1');
    });
    const retried = nextEvent<LeanMQEvents['retried'][0]>(mq.events, 'retried');
    await mq.publish('/slow', {});
    expect(await retried).toMatchObject({ error: { code: 'HANDLER_TIMEOUT' } });
    await eventually(
      async () => (await broker.redis.xlen(broker.key('slow', `inbox:${broker.prefix}`))) === 1,
    );
    expect(log).toEqual(['begin 1', 'HandlerTimeoutError']);
    const acked = nextEvent(mq.events, 'acked');
    release();
    await acked;
    expect(log).toEqual(['begin 1', 'HandlerTimeoutError', 'end 1', 'begin 2']);
  });
});

describe('an error in a handler', () => {
  test('for an invalid payload dead-letters the message at once as invalid, with its violations', async () => {
    const mq = await broker.consume('/dto', () => {
      throw new InvalidDeliveryError('not an order', { violations: ['orderId must be a string'] });
    });
    const dead = nextEvent<LeanMQEvents['deadLettered'][0]>(mq.events, 'deadLettered');
    await mq.publish('/dto', {});
    expect(await dead).toMatchObject({
      reason: 'invalid',
      attempt: 1,
      error: { violations: ['orderId must be a string'] },
    });
  });

  test('for an invalid publish is a failure like any other', async () => {
    const mq = broker.mq({ handlers: { attempts: 2 } });
    await mq.consume('/relay', () => mq.publish('/next', { at: 1n }));
    const dead = nextEvent<LeanMQEvents['deadLettered'][0]>(mq.events, 'deadLettered');
    await mq.publish('/relay', {});
    expect(await dead).toMatchObject({ reason: 'failed', attempt: 2 });
  });

  test('leads to the default backoff and a fault when the custom backoff throws', async () => {
    const backoff = (): number => {
      throw new Error('mine');
    };
    const mq = broker.mq({ handlers: { backoff } });
    await mq.consume('/flaky', () => {
      throw new Error('no');
    });
    const fault = nextEvent<LeanMQEvents['fault'][0]>(mq.events, 'fault');
    const retried = nextEvent<LeanMQEvents['retried'][0]>(mq.events, 'retried');
    await mq.publish('/flaky', {});
    expect((await fault).error.message).toContain('mine');
    expect((await retried).delayMs).toBeGreaterThanOrEqual(500);
  });
});
