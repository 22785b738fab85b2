import { setTimeout as sleep } from 'node:timers/promises';

import { eventually } from '../../support/eventually.js';
import { connectTo, disconnect } from '../../support/redis.js';
import type { RedisServer } from '../../support/redis-server.js';
import { SentinelTopology } from '../topology/sentinel.js';
import { again, choose, type FaultRecord, type MakeFault, type Surroundings } from './fault.js';

const PATIENCE = { timeoutMs: 30_000, everyMs: 25 };
/** Time for which the replica that takes over has missed writes, ms. */
const BEHIND_MS = 2_000;
const BEHIND_SHARE = 0.6;

/** Kills the master; writes that its successor does not have are lost. */
export const failoverKill: MakeFault = (planned, surroundings) =>
  failover(planned, surroundings, {
    end: (master) => master.kill(),
    after: async (master, heir) => {
      await master.restart();
      // A sentinel would do the same some ten seconds later.
      await call(master, 'REPLICAOF', '127.0.0.1', String(heir.port));
    },
  });

/** Freezes the master until it is taken for dead; it wakes up and still believes that it is the master. */
export const failoverFreeze: MakeFault = (planned, surroundings) =>
  failover(planned, surroundings, {
    end: (master, set) => {
      set.freeze(master);
      return Promise.resolve();
    },
    after: async (master, _heir, set) => {
      set.thaw(master);
      await eventually(async () => (await roleOf(master)) === 'slave', PATIENCE);
    },
  });

interface Way {
  readonly end: (master: RedisServer, set: SentinelTopology) => Promise<void>;
  readonly after: (master: RedisServer, heir: RedisServer, set: SentinelTopology) => Promise<void>;
}

async function failover(
  { kind, chance }: Parameters<MakeFault>[0],
  { topology, needsReplicas }: Surroundings,
  way: Way,
): Promise<FaultRecord | undefined> {
  if (!(topology instanceof SentinelTopology)) return undefined;
  await topology.untilWhole();
  const master = await topology.master();
  const behind =
    again(chance) < BEHIND_SHARE
      ? choose(
          topology.servers.filter((server) => server !== master),
          chance,
        )
      : undefined;
  if (behind !== undefined) await leaveBehind(topology, master, behind);
  const from = Date.now();
  await way.end(master, topology);
  if (behind !== undefined) topology.thaw(behind);
  const heir = await eventually(async () => {
    const found = await topology.master();
    return found !== master && found;
  }, PATIENCE);
  const chosenAt = Date.now();
  await way.after(master, heir as RedisServer, topology);
  if (behind !== undefined) await prefer(behind, 100);
  await topology.untilWhole();
  const to = Date.now();
  const staleFrom = behind === undefined ? from : from - BEHIND_MS - 500;
  return {
    ...{ kind, from, to: needsReplicas ? to : chosenAt },
    rolledBack: { from: staleFrom, to, isStale: heir === behind },
  };
}

/** Makes a replica the preferred successor, and lets it miss the writes of some time. */
async function leaveBehind(
  topology: SentinelTopology,
  master: RedisServer,
  behind: RedisServer,
): Promise<void> {
  await prefer(behind, 1);
  // Sentinels read the priority every ten seconds; until then they would choose the replica with more data.
  await topology.untilPreferred(behind);
  topology.freeze(behind);
  // Ends the connection as well: data on its way to a frozen process is not lost.
  await call(master, 'CLIENT', 'KILL', 'TYPE', 'replica');
  await sleep(BEHIND_MS);
}

async function prefer(server: RedisServer, priority: number): Promise<void> {
  await call(server, 'CONFIG', 'SET', 'replica-priority', String(priority));
}

async function roleOf(server: RedisServer): Promise<unknown> {
  return ((await call(server, 'ROLE')) as unknown[])[0];
}

async function call(server: RedisServer, ...command: [string, ...string[]]): Promise<unknown> {
  const redis = await connectTo(server.url);
  try {
    return await redis.call(...command);
  } finally {
    disconnect(redis);
  }
}
