import type { Target, Work } from '../works/index.js';
import type { Result } from './results.js';

export interface Verdict {
  readonly target: Target;
  /** The ratio, or the figure itself; undefined if one of the two was not measured in this run. */
  readonly reached: number | undefined;
  readonly met: boolean | undefined;
}

/** Compares a work's results with what has to be reached. Pure. */
export function verdictsOf(work: Work, results: readonly Result[]): Verdict[] {
  return work.targets.map((target) => {
    const reached = reachedBy(work.id, target, results);
    return { target, reached, met: reached === undefined ? undefined : isMet(target, reached) };
  });
}

function reachedBy(work: string, target: Target, results: readonly Result[]): number | undefined {
  const figure = find(results, work, target.contestant, target.unit);
  if (target.against === undefined || figure === undefined) return figure;
  const { contestant, work: otherWork = work } = target.against;
  const other = find(results, otherWork, contestant, target.unit);
  return other === undefined ? undefined : figure / other;
}

function isMet({ atLeast, atMost }: Target, reached: number): boolean {
  return (
    (atLeast === undefined || reached >= atLeast) && (atMost === undefined || reached <= atMost)
  );
}

export function find(
  results: readonly Result[],
  work: string,
  contestant: string,
  unit: string,
): number | undefined {
  return results.find(
    (each) => each.work === work && each.contestant === contestant && each.unit === unit,
  )?.median;
}
