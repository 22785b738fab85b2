import { afterAll, describe, expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';

import { crashed } from '../support/crashed.js';
import { eventually, nextEvent } from '../support/eventually.js';
import { connectTo, disconnect } from '../support/redis.js';
import { useFaultyRig } from '../support/server.js';
import { SteppingClock } from '../support/stepping-clock.js';

const clock = SteppingClock.create();
const whereItSteps = clock === undefined ? describe.skip : describe;
const rig = useFaultyRig();
const HOUR_MS = 3_600_000;
// The clock is checked every third of a lease.
const SOON = { timeoutMs: 10_000 };

afterAll(() => clock?.remove());

whereItSteps("after the server's clock was set back by an hour,", () => {
  async function serve(): Promise<{ url: string; redis: Redis }> {
    clock?.setTo(0);
    const { url } = await rig.server({ env: (clock as SteppingClock).env });
    return { url, redis: await connectTo(url) };
  }

  test('what a dead process held is taken over when its lease has passed once more, with a warning', async () => {
    const { url, redis } = await serve();
    const mq = rig.mq(url);
    await mq.queue('/a').declareGroup('g');
    let runs = 0;
    await mq.consume('/b', () => undefined);
    await mq.publish('/a', 1);
    const looking = nextEvent(mq.events, 'acked');
    await mq.publish('/b', 1);
    await looking;
    await redis.xreadgroup('GROUP', 'g', 'dead', 'STREAMS', `${rig.prefix}:{a}:log`, '>');
    const other = rig.mq(url);
    other.handle('/a', () => void (runs += 1));
    await other.start();
    // Both have seen the clock before the step.
    await eventually(async () => (await redis.hlen(`${rig.prefix}:{a}:stale:g`)) === 1, SOON);
    const told = nextEvent<{ code: string }>(other.events, 'warning', SOON);
    clock?.setTo(-HOUR_MS);
    expect((await told).code).toBe('SERVER_CLOCK_STEPPED');
    await eventually(() => runs === 1, SOON);
    disconnect(redis);
  });

  test('a process that starts later takes over all the same', async () => {
    const { url, redis } = await serve();
    const mq = rig.mq(url);
    await mq.queue('/a').declareGroup('g');
    await mq.publish('/a', 1);
    await redis.xreadgroup('GROUP', 'g', 'dead', 'STREAMS', `${rig.prefix}:{a}:log`, '>');
    clock?.setTo(-HOUR_MS);
    let runs = 0;
    await mq.consume('/a', () => void (runs += 1));
    await eventually(() => runs === 1, SOON);
    disconnect(redis);
  });

  test('a rate-limited queue continues', async () => {
    const { url, redis } = await serve();
    const mq = rig.mq(url);
    let runs = 0;
    const rateLimit = { count: 2, perMs: 300 };
    await mq.consume('/a', () => void (runs += 1), { rateLimit });
    for (const data of [1, 2]) await mq.publish('/a', data);
    await eventually(() => runs === 2);
    clock?.setTo(-HOUR_MS);
    for (const data of [3, 4, 5]) await mq.publish('/a', data);
    await eventually(() => runs === 5, SOON);
    disconnect(redis);
  });

  test('the idempotency key of a dead process is free when its lease has passed once more', async () => {
    const { url, redis } = await serve();
    const mark = `${rig.prefix}:{a}:done:g:k`;
    const publisher = rig.mq(url);
    const dead = rig.mq(url, { group: 'g', drainTimeoutMs: 0 });
    let running = false;
    await dead.consume('/a', () => ((running = true), new Promise(() => undefined)), {
      idempotent: () => 'k',
    });
    await publisher.publish('/a', 1);
    await eventually(() => running);
    const before = (await redis.get(mark)) as string;
    await dead.close();
    // The state that a killed process leaves.
    await redis.set(mark, before, 'PX', 900);
    clock?.setTo(-HOUR_MS);
    let runs = 0;
    const mq = rig.mq(url);
    await mq.consume('/a', () => void (runs += 1), { idempotent: () => 'k' });
    await eventually(() => runs === 1, SOON);
    disconnect(redis);
  });
});

whereItSteps('while a process lives', () => {
  test('the quarantine lock lasts no longer than a lease after a step back', async () => {
    clock?.setTo(0);
    const { url } = await rig.server({ env: (clock as SteppingClock).env });
    const redis = await connectTo(url);
    const mq = rig.mq(url);
    await mq.queue('/a').declareGroup('g');
    await mq.publish('/a', 1);
    await redis.set(`${rig.prefix}:quarantine:g`, 'dead', 'PX', 900);
    clock?.setTo(-HOUR_MS);
    await crashed({ redis, prefix: rig.prefix }, 'a', { times: 2 });
    let runs = 0;
    await mq.consume('/a', () => void (runs += 1));
    await eventually(() => runs === 1, SOON);
    disconnect(redis);
  });
});
