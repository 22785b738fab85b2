import type { TopologyName } from '../setting.js';
import { Random } from './random.js';

/** What a fault is done to. Those of a process go on side by side; of the others one comes after the other. */
export type Lane = 'process' | 'broker';

interface Recipe {
  readonly lane: Lane;
  /** How often, compared with the others; 0 where it makes no sense. */
  readonly weight: Readonly<Record<TopologyName, number>>;
  /** How long it lasts, from and to; 0 for what is over at once. */
  readonly ms: readonly [number, number];
}

const everywhere = (weight: number): Recipe['weight'] => ({ standalone: weight, sentinel: weight });
const standalone = (weight: number): Recipe['weight'] => ({ standalone: weight, sentinel: 0 });

/** Every kind of fault. Below and beyond are meant of the lease, which is 3 s. */
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
  // Those of Sentinel are not left to chance; see `failovers`.
  'failover-kill': { lane: 'broker', weight: { standalone: 0, sentinel: 0 }, ms: [0, 0] },
  'failover-freeze': { lane: 'broker', weight: { standalone: 0, sentinel: 0 }, ms: [0, 0] },
} as const satisfies Record<string, Recipe>;

export type FaultKind = keyof typeof RECIPES;

export const KINDS = Object.keys(RECIPES) as FaultKind[];

export interface PlannedFault {
  readonly kind: FaultKind;
  /** From the beginning, ms. One of the broker waits until the one before is over. */
  readonly atMs: number;
  readonly forMs: number;
  /** Decides whom it hits and how, from 0 up to, but without, 1. */
  readonly chance: number;
}

export interface TimelineSettings {
  readonly seed: number;
  readonly topology: TopologyName;
  readonly faults: number;
  /** How many of them are failovers, spread evenly; of Sentinel only. */
  readonly failovers: number;
  readonly durationMs: number;
  /** Faults of these kinds only; undefined for all. */
  readonly only?: readonly FaultKind[] | undefined;
}

/** When which fault is made, in that order. Pure: the same settings, the same timeline. */
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
  // The first moments belong to the processes, which have yet to connect.
  const quietMs = Math.min(1_500, durationMs / 10);
  const timeline: PlannedFault[] = [];
  const possible = (Object.keys(weights) as FaultKind[]).filter((kind) => weights[kind] > 0);
  for (let count = 0; count < faults - failovers; count += 1) {
    const atMs = Math.round(quietMs + random.next() * (durationMs - quietMs));
    // Each kind once, however seldom it is, and then as chance will have it.
    timeline.push(fault(possible[count] ?? random.weighted(weights), atMs));
  }
  for (let count = 0; count < failovers; count += 1) {
    const atMs = Math.round(quietMs + ((count + 0.5) / failovers) * (durationMs - quietMs));
    timeline.push(fault(random.chance(0.6) ? 'failover-kill' : 'failover-freeze', atMs));
  }
  return timeline.toSorted((a, b) => a.atMs - b.atMs);
}
