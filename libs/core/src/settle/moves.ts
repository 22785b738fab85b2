import type { InFlight } from '../message/index.js';
import type { Verdict } from './verdict.js';

/** A delivery that ends in anything but an ack. */
export interface Move<Route> {
  readonly delivery: InFlight<Route>;
  readonly verdict: Verdict;
}

// Keeps a call under a millisecond.
const MAX_MOVES = 100;
// The script holds all entries of a call in memory. Counted in UTF-16 units, which is close enough.
const MAX_LENGTH = 1024 * 1024;

/** Divides moves into calls, in order, each limited in count and in size. Pure. */
export function* movesByCall<Route>(
  moves: readonly Move<Route>[],
): Generator<readonly Move<Route>[]> {
  let from = 0;
  let length = 0;
  for (let at = 0; at < moves.length; at += 1) {
    const own = lengthOf(moves[at] as Move<Route>);
    if (at > from && (at - from === MAX_MOVES || length + own > MAX_LENGTH)) {
      yield moves.slice(from, at);
      from = at;
      length = 0;
    }
    length += own;
  }
  if (from < moves.length) yield moves.slice(from);
}

/** Returns the total length of the fields of a move, in UTF-16 units. Pure. */
export function lengthOf({ delivery }: Move<unknown>): number {
  let length = 0;
  for (const field of delivery.fields) length += field.length;
  return length;
}
