import { describe, expect, test } from '@jest/globals';
import type { Health, LeanMQ } from '@leanmq/core';
import { Redis } from 'ioredis';

import { eventually } from '../support/eventually.js';
import { connectTo, disconnect } from '../support/redis.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();

const BLOCK_MS = 250;
// A read is overdue after three times its blocking time.
const LONG_MS = 4 * BLOCK_MS;

/** Collects what `health()` reports while a read would become overdue. */
async function statusesOf(mq: LeanMQ): Promise<Health['status'][]> {
  const since = performance.now();
  const statuses = new Set<Health['status']>();
  await eventually(() => {
    statuses.add(mq.health().status);
    return performance.now() - since > LONG_MS;
  });
  return [...statuses];
}

describe('a consumer is up', () => {
  test('while all its slots are busy and it reads nothing', async () => {
    const server = await rig.server();
    const mq = rig.mq(server.url, { blockMs: BLOCK_MS });
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    let begun = 0;
    const handler = (): Promise<void> => {
      begun += 1;
      return finished;
    };
    await mq.consume('/a', handler, { concurrency: 1 });
    await mq.publishMany(
      '/a',
      Array.from({ length: 100 }, (_, data) => ({ data })),
    );
    await eventually(() => begun === 1);
    expect(await statusesOf(mq)).toEqual(['up']);
    finish();
    await eventually(() => begun === 100);
    expect(await statusesOf(mq)).toEqual(['up']);
  });

  test('while its only group is paused', async () => {
    const server = await rig.server();
    const mq = rig.mq(server.url, { blockMs: BLOCK_MS });
    await mq.consume('/a', () => undefined);
    await mq.queue('/a').pause();
    expect(await statusesOf(mq)).toEqual(['up']);
  });
});

test('a consumer is down when its reads are refused', async () => {
  const server = await rig.server();
  const outside = await connectTo(server.url);
  const mq = rig.mq(server.url, { blockMs: BLOCK_MS });
  await mq.consume('/a', () => undefined);
  await eventually(() => mq.health().status === 'up');
  const log = `${rig.prefix}:{a}:log`;
  expect(await outside.del(log)).toBe(1);
  await outside.set(log, 'of another type');
  await eventually(() => mq.health().status === 'down');
  disconnect(outside);
});

test('a consumer is down when a read does not come back', async () => {
  const server = await rig.server();
  const proxy = await rig.proxy(server);
  const mq = rig.mq(server.url, {
    blockMs: BLOCK_MS,
    silenceMs: 60_000,
    redis: (role, own) => new Redis(role === 'read' ? proxy.url : server.url, own),
  });
  await mq.consume('/a', () => undefined);
  await eventually(() => mq.health().status === 'up');
  proxy.halfOpen();
  await eventually(() => mq.health().status === 'down');
  expect(mq.health().connections).toMatchObject({ read: true });
});
