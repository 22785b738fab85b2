import type { Redis } from 'ioredis';

import type { FaultKind, PlannedFault } from '../plan/timeline.js';
import type { Slot } from '../processes.js';
import type { Topology } from '../topology/topology.js';

/** Fault as it was made. */
export interface FaultRecord {
  readonly kind: FaultKind;
  /** Beginning and end, epoch ms. Work may flow again after `to`. */
  readonly from: number;
  readonly to: number;
  /** Process that the fault hit; undefined when it hit all. */
  readonly pid?: number;
  /** Offset of the server's clock during a clock step, ms; negative when it was behind. */
  readonly steppedMs?: number;
  /** Place and shape of an entry from a foreign tool. */
  readonly foreign?: { readonly path: string; readonly entryId: string; readonly shape: string };
  /** Time whose writes a failover may have lost, unless all replicas confirmed them. */
  readonly rolledBack?: {
    readonly from: number;
    readonly to: number;
    /** True when the new master had missed writes for some time. */
    readonly isStale: boolean;
  };
}

export interface Surroundings {
  readonly slots: readonly Slot[];
  readonly topology: Topology;
  /** True when publishes wait for all replicas, so nothing flows without one of them. */
  readonly needsReplicas: boolean;
  /** Runs an action over a direct connection to the master, past the proxy. */
  admin<T>(act: (redis: Redis) => Promise<T>): Promise<T>;
}

/** Makes the fault and resolves when it is over; undefined when it had no target. */
export type MakeFault = (
  planned: PlannedFault,
  surroundings: Surroundings,
) => Promise<FaultRecord | undefined>;

/** Picks an element of the list by a random number in [0, 1). */
export function choose<T>(list: readonly T[], chance: number): T | undefined {
  return list[Math.floor(chance * list.length)];
}

/** Derives another random number from the first. */
export function again(chance: number): number {
  return (chance * 7_919) % 1;
}
