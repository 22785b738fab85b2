import { setTimeout as sleep } from 'node:timers/promises';

import { Standalone } from '../topology/standalone.js';
import type { MakeFault } from './fault.js';

/** `kill -9`, and some time later a new process with the same files. It is over when that answers. */
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
