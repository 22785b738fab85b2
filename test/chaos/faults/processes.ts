import { setTimeout as sleep } from 'node:timers/promises';

import type { PlannedFault } from '../plan/timeline.js';
import type { Slot } from '../processes.js';
import { choose, type FaultRecord, type MakeFault } from './fault.js';

type Hit = (slot: Slot, forMs: number) => Promise<void>;

/** Returns a fault that hits a process of that role which no other fault is acting on. */
function hitting(role: Slot['role'], hit: Hit): MakeFault {
  return async ({ kind, forMs, chance }: PlannedFault, { slots }) => {
    const free = slots.filter((slot) => slot.role === role && slot.isRunning && !slot.isBusy);
    const slot = choose(free, chance);
    if (slot?.record === undefined) return undefined;
    const { pid } = slot.record;
    const from = Date.now();
    slot.isBusy = true;
    try {
      await hit(slot, forMs);
    } finally {
      slot.isBusy = false;
    }
    return { kind, from, to: Date.now(), pid } satisfies FaultRecord;
  };
}

const kill: Hit = (slot) => {
  slot.kill();
  return Promise.resolve();
};
const term: Hit = (slot) => slot.term();
const freeze: Hit = async (slot, forMs) => {
  slot.freeze();
  await sleep(forMs);
  slot.thaw();
};

export const killConsumer = hitting('consumer', kill);
export const killPublisher = hitting('publisher', kill);
export const termConsumer = hitting('consumer', term);
export const termPublisher = hitting('publisher', term);
export const freezeConsumer = hitting('consumer', freeze);
export const freezePublisher = hitting('publisher', freeze);
