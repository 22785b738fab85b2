/** State of Redis while scripts are measured. */
export interface Shape {
  readonly id: string;
  readonly routes: number;
  /** Groups of each route. */
  readonly groups: number;
  /** Messages of each route, as long as they fit into the memory that is allowed. */
  readonly messages: number;
  /** Bytes of a payload. */
  readonly bytes: number;
  /** The longest that a script may take, ms. */
  readonly limitMs: number;
}

const KiB = 1_024;
const WORST_MS = 50;

/** 1,000 retained messages of 1 KiB, 10 routes, 3 groups. */
const usual: Shape = {
  ...{ id: 'usual', routes: 10, groups: 3, messages: 1_000, bytes: KiB },
  limitMs: 10,
};

/** DESIGN's worst: 100,000 messages of each size for 1 and for 200 groups, 1,000 groups, 2,000 routes. */
export const FULL: readonly Shape[] = [
  usual,
  ...[1, 64, 250].flatMap((size) =>
    [1, 200].map((groups) => ({
      id: `${size}-kib-${groups}-groups`,
      ...{ routes: 1, groups, messages: 100_000, bytes: size * KiB, limitMs: WORST_MS },
    })),
  ),
  { id: '1000-groups', routes: 1, groups: 1_000, messages: 10_000, bytes: KiB, limitMs: WORST_MS },
  { id: '2000-routes', routes: 2_000, groups: 5, messages: 2, bytes: KiB, limitMs: WORST_MS },
];

/** Small enough for every run of the tests; what grows faster than its slices shows all the same. */
export const QUICK: readonly Shape[] = [
  usual,
  { id: '250-kib', routes: 1, groups: 20, messages: 150, bytes: 250 * KiB, limitMs: WORST_MS },
  { id: '600-groups', routes: 1, groups: 600, messages: 600, bytes: 100, limitMs: WORST_MS },
];

/** Counts the messages of one route of a shape, within `memory` bytes for all routes. */
export function messagesOf({ routes, messages, bytes }: Shape, memory: number): number {
  return Math.max(1, Math.min(messages, Math.floor(memory / bytes / routes)));
}
