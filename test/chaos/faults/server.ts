import { setTimeout as sleep } from 'node:timers/promises';

import { Standalone } from '../topology/standalone.js';
import { again, type MakeFault } from './fault.js';

/** Kills Redis with SIGKILL, and later restarts it with the same files. The fault is over when it answers. */
export const redisKill: MakeFault = async ({ kind, forMs }, { topology }) => {
  if (!(topology instanceof Standalone)) return undefined;
  const from = Date.now();
  await topology.server.kill();
  await sleep(forMs);
  await topology.server.restart();
  return { kind, from, to: Date.now() };
};

export const redisFreeze: MakeFault = async ({ kind, forMs }, { topology }) => {
  if (!(topology instanceof Standalone)) return undefined;
  const from = Date.now();
  topology.freeze();
  await sleep(forMs);
  topology.thaw();
  return { kind, from, to: Date.now() };
};

// Both below and above the lease; short enough that delayed messages still come while the run waits.
const STEP_MS = { least: 1_500, most: 20_000 };

/** Sets the server's clock ahead or back, and then right again, so it steps in both directions. */
export const clockStep: MakeFault = async ({ kind, forMs, chance }, { topology }) => {
  if (!(topology instanceof Standalone) || topology.clock === undefined) return undefined;
  const { least, most } = STEP_MS;
  const ms = Math.round(least + again(chance) * (most - least));
  const steppedMs = chance < 0.5 ? ms : -ms;
  const from = Date.now();
  topology.clock.setTo(steppedMs);
  await sleep(forMs);
  topology.clock.setTo(0);
  return { kind, from, to: Date.now(), steppedMs };
};
