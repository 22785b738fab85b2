import type { Redis } from 'ioredis';

import { eventually } from './eventually.js';
import { connectTo } from './redis.js';
import type { RedisServer } from './redis-server.js';
import type { FaultyRig } from './server.js';

export interface Replicated {
  readonly master: RedisServer;
  readonly replicas: readonly RedisServer[];
  /** The first replica. */
  readonly replica: RedisServer;
  /** The test's own client, connected to the master. */
  readonly redis: Redis;
}

// By default, a master waits five seconds for more replicas before it sends its data to the first.
const AT_ONCE = { 'repl-diskless-sync-delay': '0' };

/** Starts a master with `count` replicas and waits until they are in step. */
export async function startReplicated(rig: FaultyRig, count = 1): Promise<Replicated> {
  const master = await rig.server({ config: AT_ONCE });
  const config = { ...AT_ONCE, replicaof: `127.0.0.1 ${master.port}` };
  const replicas = await Promise.all(Array.from({ length: count }, () => rig.server({ config })));
  const redis = await connectTo(master.url);
  await eventually(
    async () => {
      await redis.set('in-step', 1);
      return (await redis.wait(count, 500)) === count;
    },
    { timeoutMs: 15_000 },
  );
  return { master, replicas, replica: replicas[0] as RedisServer, redis };
}

/** Returns how often the server has executed a command. */
export async function callsOf(redis: Redis, command: string): Promise<number> {
  const stats = await redis.info('commandstats');
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
}
