import { afterEach, expect, test } from '@jest/globals';
import { LeanMQ } from '@leanmq/core';

import { QUICK } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { connectTo, disconnect } from '../support/redis.js';
import { startReplicated } from '../support/replicas.js';
import { SentinelSet } from '../support/sentinel.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();

let set: SentinelSet | undefined;
let publisher: LeanMQ | undefined;
afterEach(async () => {
  await publisher?.close();
  await set?.stop();
  [set, publisher] = [undefined, undefined];
});

test.each([0, 1])(
  'what all replicas confirmed survives the sudden death of the master under load, whichever replica takes over: %i',
  async (heir) => {
    set = await SentinelSet.start({ replicas: 2, heir });
    const { master, replicas } = set;
    const redis = { sentinels: [{ host: '127.0.0.1', port: set.port }], name: 'mymaster' };
    const mq = new LeanMQ({
      ...QUICK,
      redis,
      durability: { replicas: 2, timeoutMs: 2_000 },
    });
    publisher = mq;
    const acked = new Set<string>();
    const unknown = new Set<string>();
    let next = 0;
    let isLoading = true;
    const sendAll = async (): Promise<void> => {
      while (isLoading) {
        const messageId = `m-${next++}`;
        await mq.publish('/a', messageId, { messageId }).then(
          () => acked.add(messageId),
          (error: unknown) => {
            expect(error).toMatchObject({ outcome: 'unknown' });
            unknown.add(messageId);
          },
        );
      }
    };
    const load = Promise.all(Array.from({ length: 32 }, sendAll));
    await eventually(() => acked.size > 2_000);

    // For a moment only the master has what is sent; then it is gone.
    for (const replica of replicas) replica.freeze();
    const cutter = await connectTo(master.url);
    await cutter.call('CLIENT', 'KILL', 'TYPE', 'replica');
    disconnect(cutter);
    await mq.publish('/a', 'only at the master', { durability: 'memory' });
    const ackedAtEnd = acked.size;
    await master.kill();
    for (const replica of replicas) replica.thaw();
    await eventually(() => unknown.size > 0 || acked.size > ackedAtEnd + 500, {
      timeoutMs: 20_000,
    });
    isLoading = false;
    await load;

    const heirServer = replicas[heir] as (typeof replicas)[number];
    const look = await connectTo(heirServer.url);
    expect(await look.info('replication')).toContain('role:master');
    const stored = async (): Promise<string[]> =>
      (await look.xrange('leanmq:{a}:log', '-', '+')).map(
        ([, [, data]]) => JSON.parse(data ?? '') as string,
      );
    const kept = new Set(await stored());
    expect(ackedAtEnd).toBeGreaterThan(2_000);
    expect(kept).not.toContain('only at the master');
    expect([...acked].filter((id) => !kept.has(id))).toEqual([]);

    // The others are safe to send again.
    const durability = { replicas: 1, timeoutMs: 20_000 };
    await Promise.all(
      [...unknown].map((messageId) => mq.publish('/a', messageId, { messageId, durability })),
    );
    expect((await stored()).toSorted()).toEqual([...acked, ...unknown].toSorted());
    disconnect(look);
  },
  60_000,
);

test('what only one of two replicas confirmed is lost when the other one, which is behind, takes over', async () => {
  const { master, replicas, redis } = await startReplicated(rig, 2);
  const [, stale] = replicas as [unknown, (typeof replicas)[number]];
  const mq = rig.mq(master.url, { durability: { replicas: 1, timeoutMs: 10_000 } });
  await mq.publish('/a', 'before', { durability: { replicas: 2, timeoutMs: 10_000 } });
  stale.freeze();
  await redis.call('CLIENT', 'KILL', 'TYPE', 'replica');
  await mq.publish('/a', 'lost');
  await master.kill();
  stale.thaw();
  const promoted = await connectTo(stale.url);
  await promoted.replicaof('NO', 'ONE');
  const entries = await promoted.xrange(`${rig.prefix}:{a}:log`, '-', '+');
  expect(entries.map(([, [, data]]) => data)).toEqual(['"before"']);
  disconnect(promoted);
  disconnect(redis);
});
