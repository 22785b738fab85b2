import type { Unit } from './batch.js';

// A script blocks all other clients of the server while it runs: 256 appends take half a millisecond at most.
const MAX_SENDS = 256;
const MAX_BYTES = 1024 * 1024;
// Even when all waiting sends would fit, some are left for a next batch: it is built while Redis applies this one.
// Otherwise the two sides would take turns. With a distant Redis, the number of round trips matters more (ADR 0001).
const FEW_SENDS = 128;
const NEAR_MS = 1;

/** Conditions that decide the size of the next batch, beside the waiting sends. */
export interface Trip {
  /** Round-trip time of the last batch, in ms. */
  readonly answeredAfterMs: number;
  /** True when batches wait for replicas, and no batch is built meanwhile. */
  readonly awaitsReplicas: boolean;
}

/**
 * Decides how many of the waiting units, from the first on, the next batch takes. A unit is never divided; a unit larger
 * than a batch gets a batch of its own. Pure.
 */
export function cut(waiting: readonly Unit[], { answeredAfterMs, awaitsReplicas }: Trip): number {
  let sends = 0;
  let bytes = 0;
  let count = 0;
  let few = 0;
  for (const unit of waiting) {
    sends += unit.sends.length;
    for (const send of unit.sends) bytes += send.data.length + send.headers.length;
    if (count > 0 && (sends > MAX_SENDS || bytes > MAX_BYTES)) return count;
    count += 1;
    if (count === 1 || sends <= FEW_SENDS) few = count;
  }
  const mayOverlap = !awaitsReplicas && answeredAfterMs < NEAR_MS;
  return mayOverlap ? few : count;
}
