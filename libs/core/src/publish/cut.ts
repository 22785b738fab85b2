import type { Unit } from './batch.js';

// A script holds up everybody else on the server while it runs: 256 appends take half a millisecond at most.
const MAX_SENDS = 256;
const MAX_BYTES = 1024 * 1024;
// Where all that waits would fit, something is left for a next batch: it is made while Redis applies this one, and
// otherwise the two would take turns. To a Redis that is far away it is the trips that count (ADR 0001).
const FEW_SENDS = 128;
const NEAR_MS = 1;

/** What the next batch depends on beside what waits. */
export interface Trip {
  /** How long the last batch was on its way, ms. */
  readonly answeredAfterMs: number;
  /** Replicas are waited for, and meanwhile nothing is made. */
  readonly awaitsReplicas: boolean;
}

/**
 * How many of the units, from the first on, the next batch has. A unit is never divided, so that one that is larger
 * than a batch makes a batch by itself.
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
