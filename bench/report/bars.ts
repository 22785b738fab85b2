import type { ContestantName } from '../contestants/index.js';
import type { Work } from '../works/index.js';
import type { Result } from './results.js';
import { find } from './verdicts.js';

/** Bars of one work: each contestant's ratio to raw, which is 1. More is better. */
export interface BarGroup {
  readonly label: string;
  readonly ratios: Partial<Record<ContestantName, number>>;
}

/**
 * Returns a group of bars for each work that raw also did, by the work's first metric. Where less is better, the ratio is
 * inverted: the longer bar is always the better one. Pure.
 */
export function barsOf(
  works: readonly Work[],
  contestants: readonly ContestantName[],
  results: readonly Result[],
): BarGroup[] {
  return works.flatMap(({ id, metrics: [metric] }) => {
    const raw = metric && find(results, id, 'raw', metric.unit);
    if (metric === undefined || raw === undefined || raw === 0) return [];
    const ratios = contestants.flatMap((contestant) => {
      const figure = find(results, id, contestant, metric.unit);
      if (figure === undefined || figure === 0) return [];
      return [[contestant, metric.better === 'more' ? figure / raw : raw / figure]];
    });
    if (ratios.length === 0) return [];
    return [
      { label: `${id}\n${metric.unit}`, ratios: Object.fromEntries(ratios) as BarGroup['ratios'] },
    ];
  });
}
