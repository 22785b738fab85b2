import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { LeanMQEvents } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';
import { useFaultyRig } from '../support/server.js';

const broker = useBroker();
const rig = useFaultyRig();
const DAY_MS = 24 * 3_600_000;

const RealDate = Date;
let offsetMs = 0;
let stepping: NodeJS.Timeout;

/** A wall clock that is set again and again; timers and the monotonic clock keep running normally. */
class SteppingDate extends RealDate {
  constructor(...args: [] | [at: number]) {
    super(args[0] ?? SteppingDate.now());
  }

  static override now(): number {
    return RealDate.now() + offsetMs;
  }
}

// Throughout each test, the clock jumps by a day hundreds of times.
beforeEach(() => {
  globalThis.Date = SteppingDate as DateConstructor;
  const steps = [DAY_MS, -DAY_MS, 0, -DAY_MS, DAY_MS];
  let step = 0;
  stepping = setInterval(() => (offsetMs = steps[(step += 1) % steps.length] ?? 0), 3);
});
afterEach(() => {
  clearInterval(stepping);
  globalThis.Date = RealDate;
});

async function serverNow(): Promise<number> {
  const [seconds, micros] = (await broker.redis.time()).map(Number);
  return (seconds ?? 0) * 1_000 + (micros ?? 0) / 1_000;
}

/** Returns the time since `at`, in ms, by a clock that is never set. */
function since(at: number): number {
  return performance.now() - at;
}

describe("while this machine's clock jumps by a day and back,", () => {
  test('the jumps are visible to the test itself', async () => {
    const seen = new Set<number>();
    await eventually(() => {
      seen.add(Math.round((Date.now() - RealDate.now()) / DAY_MS));
      return seen.size === 3;
    });
  });

  test("a message with a delay or an instant is delivered when the server's clock says it is due", async () => {
    const late: number[] = [];
    const mq = await broker.consume<number>('/later', ({ data }) => void late.push(since(data)));
    const dueIn = (ms: number): number => performance.now() + ms;
    await mq.publish('/later', dueIn(300), { delayMs: 300 });
    await mq.publish('/later', dueIn(400), { deliverAt: (await serverNow()) + 400 });
    await eventually(() => late.length === 2);
    for (const ms of late) {
      expect(ms).toBeGreaterThan(-50);
      expect(ms).toBeLessThan(1_000);
    }
  });

  test('a time to live ends on time, neither early nor late', async () => {
    const mq = broker.mq();
    await mq.publish('/short', 'expires', { ttlMs: 100 });
    await mq.publish('/short', 'stays', { ttlMs: 60_000 });
    const expiredBy = (await serverNow()) + 120;
    await eventually(async () => (await serverNow()) > expiredBy);
    const got: unknown[] = [];
    const acked = nextEvent<LeanMQEvents['acked'][0]>(mq.events, 'acked');
    await mq.consume('/short', ({ data, publishedAt }) => void got.push(data, publishedAt));
    await acked;
    expect(got[0]).toBe('stays');
    expect(Math.abs((got[1] as number) - (await serverNow()))).toBeLessThan(10_000);
  });

  test('a handler that runs for several leases keeps its delivery and no other consumer runs it', async () => {
    let runs = 0;
    const handler = async (): Promise<void> => {
      runs += 1;
      await new Promise((resolve) => setTimeout(resolve, 2_500));
    };
    const [mq, other] = [broker.mq({ group: 'g' }), broker.mq({ group: 'g' })];
    const told: string[] = [];
    for (const each of [mq, other]) {
      await each.consume('/long', handler);
      each.events.on('leaseLost', () => told.push('leaseLost'));
      each.events.on('reclaimed', () => told.push('reclaimed'));
      each.events.on('acked', ({ leaseLost, runMs }) =>
        told.push(`acked ${leaseLost} ${runMs < 5_000}`),
      );
    }
    await mq.publish('/long', 1);
    await eventually(() => told.length > 0, { timeoutMs: 10_000 });
    expect([runs, ...told]).toEqual([1, 'acked false true']);
  });

  test('retries keep their backoff, rate limits their rate, batches their wait and handlers their timeout', async () => {
    const mq = broker.mq({
      handlers: { attempts: 3, backoff: { type: 'fixed', delayMs: 150 } },
    });
    const attempts: number[] = [];
    mq.handle('/flaky', () => {
      attempts.push(performance.now());
      if (attempts.length < 3) throw new Error('not yet');
    });
    const begun: number[] = [];
    mq.handle('/limited', () => void begun.push(performance.now()), {
      rateLimit: { count: 5, perMs: 200 },
    });
    const batches: number[] = [];
    mq.handleBatch('/batch', (deliveries) => void batches.push(deliveries.length), {
      batch: { size: 10, waitMs: 150 },
    });
    const timedOut: number[] = [];
    mq.handle(
      '/hangs',
      ({ signal }) =>
        new Promise((resolve) => {
          const beganAt = performance.now();
          signal.addEventListener('abort', () => resolve(void timedOut.push(since(beganAt))));
        }),
      { handlerTimeoutMs: 200, attempts: 1 },
    );
    await mq.start();
    await mq.publish('/flaky', 1);
    await Promise.all(Array.from({ length: 15 }, (_, n) => mq.publish('/limited', n)));
    const sentAt = performance.now();
    await mq.publish('/batch', 1);
    await mq.publish('/batch', 2);
    await mq.publish('/hangs', 1);
    await eventually(() => batches.length > 0);
    expect(since(sentAt)).toBeLessThan(2_000);
    expect(batches).toEqual([2]);
    await eventually(() => attempts.length === 3 && begun.length === 15 && timedOut.length === 1);
    for (const pause of [attempts[1]! - attempts[0]!, attempts[2]! - attempts[1]!]) {
      expect(pause).toBeGreaterThan(145);
      expect(pause).toBeLessThan(2_000);
    }
    expect(begun[14]! - begun[0]!).toBeGreaterThan(350);
    expect(begun[14]! - begun[0]!).toBeLessThan(3_000);
    expect(timedOut[0]).toBeGreaterThan(190);
    expect(timedOut[0]).toBeLessThan(2_000);
  });

  test("recurring sends are planned and made by the server's clock", async () => {
    const mq = broker.mq();
    const { nextAt } = await mq.schedules.upsert({
      id: 'm',
      path: '/m',
      cron: '* * * * *',
      data: 1,
    });
    const inMs = nextAt - (await serverNow());
    expect(inMs).toBeGreaterThan(-1_000);
    expect(inMs).toBeLessThanOrEqual(60_000);
    const ticks: number[] = [];
    mq.events.on('ticked', ({ schedule, dueAt }) => {
      // The other schedule may also tick, if its minute ends during the test.
      if (schedule === 's') ticks.push(dueAt);
    });
    await mq.schedules.upsert({ id: 's', path: '/s', everyMs: 1_000, data: 1 });
    await eventually(() => ticks.length >= 2);
    expect(ticks[1]! - ticks[0]!).toBe(1_000);
  });

  test('a publish is given up at its deadline, not earlier', async () => {
    const server = await rig.server();
    const mq = rig.mq(server.url, { publishTimeoutMs: 500, silenceMs: 200 });
    await mq.publish('/warm', 'up');
    server.freeze();
    const sentAt = performance.now();
    await expect(mq.publish('/a', 1)).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    expect(since(sentAt)).toBeGreaterThan(450);
    expect(since(sentAt)).toBeLessThan(3_000);
    server.thaw();
    expect((await mq.publish('/a', 2)).outcome).toBe('published');
  });
});
