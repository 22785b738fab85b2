import type { ContestantName } from '../contestants/index.js';
import type { Target } from './work.js';

/** Has the core reach so many times the contestant's figure. */
export function atLeast(unit: string, ratio: number, contestant: ContestantName): Target {
  return { contestant: 'core', unit, atLeast: ratio, against: { contestant } };
}

/** Lets the core have no more than so many times the contestant's figure. */
export function atMost(unit: string, ratio: number, contestant: ContestantName): Target {
  return { contestant: 'core', unit, atMost: ratio, against: { contestant } };
}
