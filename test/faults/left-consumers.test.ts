import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type * as Core from '@leanmq/core';
import type { Redis } from 'ioredis';

import { eventually } from '../support/eventually.js';
import { connectTo } from '../support/redis.js';
import { useFaultyRig } from '../support/server.js';
import { buildCore } from '../support/versions.js';

const rig = useFaultyRig();
const log = `${rig.prefix}:{a}:log`;

let file: string;
let core: typeof Core;

// A core with a shorter limit: Redis measures the idle time, and no test can wait for the usual ten minutes.
beforeAll(async () => {
  file = await buildCore('impatient', {
    'sweep/tidier.ts': (text) =>
      text.replace('CONSUMER_IDLE_MS = 10 * 60_000', 'CONSUMER_IDLE_MS = 1'),
  });
  core = createRequire(import.meta.url)(file) as typeof Core;
});
afterAll(() => rm(dirname(file), { recursive: true }));

async function consumersOf(redis: Redis): Promise<string[]> {
  const rows = (await redis.xinfo('CONSUMERS', log, 'g')) as [string, string][];
  return rows.map(([, name]) => name);
}

describe('the entry of a consumer that died without leaving', () => {
  test('is removed by a sweep when it has been idle long enough, unless something is pending there', async () => {
    const server = await rig.server();
    const redis = await connectTo(server.url);
    const mq = new core.LeanMQ({ redis: server.url, prefix: rig.prefix, group: 'g' });
    await mq.queue('/a').declareGroup('g');
    for (const n of [1, 2]) await mq.publish('/a', n);
    for (const name of ['done', 'died']) {
      await redis.xreadgroup('GROUP', 'g', name, 'COUNT', 1, 'STREAMS', log, '>');
    }
    const [first] = await redis.xrange(log, '-', '+');
    await redis.xack(log, 'g', first?.[0] ?? '');
    await eventually(async () => {
      await mq.queue('/a').sweep();
      expect(await consumersOf(redis)).toEqual(['died']);
    });
    await mq.close();
    redis.disconnect();
  });

  test('may belong to a consumer that only waits: that one continues', async () => {
    const server = await rig.server();
    const redis = await connectTo(server.url);
    const mq = new core.LeanMQ({ redis: server.url, prefix: rig.prefix, group: 'g' });
    const seen: unknown[] = [];
    await mq.consume('/a', ({ data }) => void seen.push(data));
    for (const n of [1, 2, 3]) {
      await mq.publish('/a', n);
      await eventually(() => seen.length === n);
      await eventually(async () => {
        await mq.queue('/a').sweep();
        expect(await consumersOf(redis)).toEqual([]);
      });
    }
    expect(seen).toEqual([1, 2, 3]);
    await mq.close();
    redis.disconnect();
  });
});
