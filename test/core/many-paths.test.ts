import { performance as clock } from 'node:perf_hooks';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { LeanMQ } from '@leanmq/core';
import type { Redis } from 'ioredis';

import { eventually } from '../support/eventually.js';
import { connectTo, disconnect } from '../support/redis.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();
const SWEEP_MS = 20;
const HOUR_MS = 3_600_000;

const realNow = clock.now.bind(clock);
let aheadMs = 0;

/** Advances the clock of this process alone. */
function pass(ms: number): void {
  aheadMs += ms;
}

beforeEach(() => {
  aheadMs = 0;
  jest.spyOn(clock, 'now').mockImplementation(() => realNow() + aheadMs);
});

afterEach(() => {
  jest.restoreAllMocks();
});

async function callsOf(redis: Redis, ...names: string[]): Promise<number> {
  const text = await redis.info('commandstats');
  const calls = names.map((name) => new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(text)?.[1]);
  return calls.reduce((total, each) => total + Number(each ?? 0), 0);
}

describe('a process that publishes to one path per id', () => {
  test('stores each message once when it returns to a path that it has forgotten', async () => {
    const server = await rig.server();
    const outside = await connectTo(server.url);
    const mq = new LeanMQ({ redis: server.url, prefix: rig.prefix, tidy: false });
    try {
      const paths = Array.from({ length: 3_000 }, (_, n) => `order/${n}/status`);
      const ids: string[] = [];
      for (let round = 0; round < 3; round += 1) {
        for (let from = 0; from < paths.length; from += 500) {
          const some = paths.slice(from, from + 500);
          const sent = await Promise.all(some.map((path) => mq.publish(path, round)));
          if (from === 0) ids.push((sent[0] as { id: string }).id);
        }
      }
      expect(new Set(ids).size).toBe(3);
      const lengths = paths.map((path) => outside.xlen(`${rig.prefix}:{${path}}:log`));
      expect(new Set(await Promise.all(lengths))).toEqual(new Set([3]));
    } finally {
      disconnect(outside);
      await mq.close();
    }
  }, 60_000);

  test('stops looking after paths that were unused for hours', async () => {
    const server = await rig.server();
    const outside = await connectTo(server.url);
    const mq = new LeanMQ({ redis: server.url, prefix: rig.prefix, sweepMs: SWEEP_MS });
    const looks = (): Promise<number> => callsOf(outside, 'exists', 'evalsha', 'eval');
    const registryLooks = (): Promise<number> => callsOf(outside, 'hmget');
    try {
      const paths = Array.from({ length: 200 }, (_, n) => `order/${n}/status`);
      await Promise.all(paths.map((path) => mq.publish(path, 1)));
      const before = await looks();
      await eventually(async () => (await looks()) > before + 100);

      // Paths used in the last hour are kept for one more.
      pass(1.5 * HOUR_MS);
      const between = await looks();
      await eventually(async () => (await looks()) > between + 20);
      pass(1.5 * HOUR_MS);

      // Between two looks at the registry, nothing else is read.
      await eventually(
        async () => {
          const [seen, from] = [await registryLooks(), await looks()];
          await eventually(async () => (await registryLooks()) >= seen + 2);
          expect((await looks()) - from).toBe(0);
        },
        { timeoutMs: 30_000 },
      );

      // A path that is sent to again is looked after again.
      const from = await looks();
      await mq.publish(paths[0] as string, 2);
      await eventually(async () => (await looks()) > from + 4);
    } finally {
      disconnect(outside);
      await mq.close();
    }
  }, 60_000);
});
