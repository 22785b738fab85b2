import { setTimeout as sleep } from 'node:timers/promises';

import { eventually } from '../../support/eventually.js';
import { connectTo, disconnect } from '../../support/redis.js';
import type { RedisServer } from '../../support/redis-server.js';
import { SentinelTopology } from '../topology/sentinel.js';
import { again, choose, type FaultRecord, type MakeFault, type Surroundings } from './fault.js';

const PATIENCE = { timeoutMs: 30_000, everyMs: 25 };
/** How long the replica that takes over has been behind by then. */
const BEHIND_MS = 2_000;
const BEHIND_SHARE = 0.6;

/** Ends the master; what the replica that takes over does not have is gone. */
export const failoverKill: MakeFault = (planned, surroundings) =>
  failover(planned, surroundings, {
    end: (master) => master.kill(),
    after: async (master, heir) => {
      await master.restart();
      // A sentinel would see to it too, some ten seconds later.
      await call(master, 'REPLICAOF', '127.0.0.1', String(heir.port));
    },
  });

/** The master stands still, is taken for dead, and wakes up in the belief that it is the master. */
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

/** It is preferred when a new master is chosen, and has missed what was written for some time. */
async function leaveBehind(
  topology: SentinelTopology,
  master: RedisServer,
  behind: RedisServer,
): Promise<void> {
  await prefer(behind, 1);
  // They ask for it every ten seconds only; before that the one with more data would be chosen.
  await topology.untilPreferred(behind);
  topology.freeze(behind);
  // What is on its way to a frozen process is not lost: the connection has to go as well.
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
