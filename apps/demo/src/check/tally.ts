import { keyOf } from './due.js';
import type { Records } from './evidence.js';
import type { History } from './history.js';

/** One service's column of the table. */
export interface Tally {
  /** Messages that it published. */
  readonly published: number;
  /** Messages that it had to handle. */
  readonly due: number;
  /** Number of due messages that the service handled. */
  readonly delivered: number;
  readonly retried: number;
  readonly deadLettered: number;
  readonly replayed: number;
  readonly takenOver: number;
  readonly lost: number;
  readonly duplicated: number;
}

/** Counts what a service did. Pure. */
export function tallyOf(
  due: ReadonlySet<string>,
  histories: ReadonlyMap<string, History>,
  engine: Records['engine'],
): Tally {
  const all = [...histories.values()];
  const sum = (what: 'retried' | 'deadLettered' | 'replayed' | 'takenOver'): number =>
    all.reduce((total, history) => total + history[what], 0);
  const delivered = [...due].filter((key) => (histories.get(key)?.done ?? 0) > 0).length;
  return {
    published: publishedBy(engine).size,
    due: due.size,
    delivered,
    retried: sum('retried'),
    deadLettered: sum('deadLettered'),
    replayed: sum('replayed'),
    takenOver: sum('takenOver'),
    lost: due.size - delivered,
    duplicated: all.filter(({ done }) => done > 1).length,
  };
}

/** A message that was sent again, because nobody knew whether it had arrived, counts once. */
export function publishedBy(engine: Records['engine']): Set<string> {
  return new Set(engine.filter(({ event }) => event === 'published').map(keyOf));
}
