import type { Redis } from 'ioredis';

import type { FaultKind, PlannedFault } from '../plan/timeline.js';
import type { Slot } from '../processes.js';
import type { Topology } from '../topology/topology.js';

/** A fault as it was really made. */
export interface FaultRecord {
  readonly kind: FaultKind;
  /** Epoch ms: from when to when it was there. Work may flow again from then on. */
  readonly from: number;
  readonly to: number;
  /** Whom it hit; undefined for everybody. */
  readonly pid?: number;
  /** Of a step of the server's clock: how far it was ahead in that time, ms; negative when it was behind. */
  readonly steppedMs?: number;
  /** Of an entry that a foreign tool wrote: where it is. */
  readonly foreign?: { readonly path: string; readonly entryId: string; readonly shape: string };
  /** Of a failover: what was written in that time may be gone, when it was not confirmed by all replicas. */
  readonly rolledBack?: {
    readonly from: number;
    readonly to: number;
    /** The new master had missed what was written for some time. */
    readonly isStale: boolean;
  };
}

export interface Surroundings {
  readonly slots: readonly Slot[];
  readonly topology: Topology;
  /** Publishes wait for all replicas: without one of them nothing flows. */
  readonly needsReplicas: boolean;
  /** A connection to the master that no fault but its own end can hit. */
  admin<T>(act: (redis: Redis) => Promise<T>): Promise<T>;
}

/** Makes the fault and resolves when it is over; undefined when there was nobody to hit. */
export type MakeFault = (
  planned: PlannedFault,
  surroundings: Surroundings,
) => Promise<FaultRecord | undefined>;

/** One of the list, as the chance decides. */
export function choose<T>(list: readonly T[], chance: number): T | undefined {
  return list[Math.floor(chance * list.length)];
}

/** Another chance that follows from the first. */
export function again(chance: number): number {
  return (chance * 7_919) % 1;
}
