import type { TopologyName } from '../setting.js';
import { Random } from './random.js';

/** Target of a fault. Faults of processes run side by side; faults of the broker run one after the other. */
export type Lane = 'process' | 'broker';

interface Recipe {
  readonly lane: Lane;
  /** Frequency relative to other faults; 0 where the fault makes no sense. */
  readonly weight: Readonly<Record<TopologyName, number>>;
  /** Shortest and longest duration, ms; 0 for a fault without one. */
  readonly ms: readonly [number, number];
}

const everywhere = (weight: number): Recipe['weight'] => ({ standalone: weight, sentinel: weight });
const standalone = (weight: number): Recipe['weight'] => ({ standalone: weight, sentinel: 0 });

/** Every kind of fault. `below` and `beyond` refer to the lease of 3 s. */
export const RECIPES = {
  'kill-consumer': { lane: 'process', weight: everywhere(14), ms: [0, 0] },
  'kill-publisher': { lane: 'process', weight: everywhere(6), ms: [0, 0] },
  'term-consumer': { lane: 'process', weight: everywhere(10), ms: [0, 0] },
  'term-publisher': { lane: 'process', weight: everywhere(4), ms: [0, 0] },
  'freeze-consumer-below': { lane: 'process', weight: everywhere(8), ms: [300, 2_000] },
  'freeze-consumer-beyond': { lane: 'process', weight: everywhere(7), ms: [4_500, 7_000] },
  'freeze-publisher': { lane: 'process', weight: everywhere(4), ms: [300, 5_000] },
  'client-kill-all': { lane: 'broker', weight: everywhere(7), ms: [0, 0] },
  'client-kill-one': { lane: 'broker', weight: everywhere(12), ms: [0, 0] },
  'script-flush': { lane: 'broker', weight: everywhere(6), ms: [0, 0] },
  'redis-kill': { lane: 'broker', weight: standalone(5), ms: [0, 1_000] },
  'redis-freeze': { lane: 'broker', weight: standalone(5), ms: [200, 4_000] },
  'proxy-cut': { lane: 'broker', weight: standalone(6), ms: [0, 0] },
  'proxy-cut-reply': { lane: 'broker', weight: standalone(12), ms: [0, 0] },
  'proxy-half-reply': { lane: 'broker', weight: standalone(6), ms: [0, 0] },
  'proxy-delay': { lane: 'broker', weight: standalone(5), ms: [300, 2_500] },
  'proxy-half-open': { lane: 'broker', weight: standalone(3), ms: [1_000, 2_500] },
  'proxy-drop-replies': { lane: 'broker', weight: standalone(4), ms: [100, 1_500] },
  'proxy-refuse': { lane: 'broker', weight: standalone(3), ms: [100, 2_000] },
  'clock-step': { lane: 'broker', weight: standalone(2), ms: [300, 2_500] },
  'foreign-entry': { lane: 'broker', weight: standalone(8), ms: [0, 0] },
  // Chance does not decide these; see `failovers`.
  'failover-kill': { lane: 'broker', weight: { standalone: 0, sentinel: 0 }, ms: [0, 0] },
  'failover-freeze': { lane: 'broker', weight: { standalone: 0, sentinel: 0 }, ms: [0, 0] },
} as const satisfies Record<string, Recipe>;

export type FaultKind = keyof typeof RECIPES;

export const KINDS = Object.keys(RECIPES) as FaultKind[];

export interface PlannedFault {
  readonly kind: FaultKind;
  /** Time since the beginning, ms. A fault of the broker also waits for the previous one to end. */
  readonly atMs: number;
  readonly forMs: number;
  /** Random number in [0, 1) that decides what the fault hits, and how. */
  readonly chance: number;
}

export interface TimelineSettings {
  readonly seed: number;
  readonly topology: TopologyName;
  readonly faults: number;
  /** Failovers among the faults, spread evenly; Sentinel only. */
  readonly failovers: number;
  readonly durationMs: number;
  /** Kinds of faults to make; undefined for all. */
  readonly only?: readonly FaultKind[] | undefined;
}

/** Plans the faults in the order of their times. Pure: equal settings give equal timelines. */
export function planTimeline({
  seed,
  topology,
  faults,
  failovers,
  durationMs,
  only,
}: TimelineSettings): PlannedFault[] {
  const random = new Random(seed, 'timeline', topology);
  const weights = Object.fromEntries(
    (only ?? KINDS).map((kind) => [kind, RECIPES[kind].weight[topology]]),
  ) as Record<FaultKind, number>;
  const fault = (kind: FaultKind, atMs: number): PlannedFault => {
    const [least, most] = RECIPES[kind].ms;
    return { kind, atMs, forMs: random.between(least, most), chance: random.next() };
  };
  // At first the processes have yet to connect.
  const quietMs = Math.min(1_500, durationMs / 10);
  const timeline: PlannedFault[] = [];
  const possible = (Object.keys(weights) as FaultKind[]).filter((kind) => weights[kind] > 0);
  for (let count = 0; count < faults - failovers; count += 1) {
    const atMs = Math.round(quietMs + random.next() * (durationMs - quietMs));
    // Each kind comes once, however rare it is; chance decides the rest.
    timeline.push(fault(possible[count] ?? random.weighted(weights), atMs));
  }
  for (let count = 0; count < failovers; count += 1) {
    const atMs = Math.round(quietMs + ((count + 0.5) / failovers) * (durationMs - quietMs));
    timeline.push(fault(random.chance(0.6) ? 'failover-kill' : 'failover-freeze', atMs));
  }
  return timeline.toSorted((a, b) => a.atMs - b.atMs);
}
