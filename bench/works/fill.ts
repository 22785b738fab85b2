import type { ContestantName } from '../contestants/index.js';
import { inFlight } from '../measure/in-flight.js';
import { makeOrder } from '../payload.js';
import { NOTHING, type Role, type Size } from './work.js';

const PER_CALL = 200;
const CALLS = 8;

/** Where how many messages are to wait. */
export type Heaps = (
  size: Size,
  name: ContestantName,
) => readonly { readonly path: string; readonly messages: number }[];

/** Publishes what is to be consumed, before anybody measures. */
export function fill(heaps: Heaps, attempts?: number): Role {
  return async ({ name, contestant, size, url }) => {
    const wanted = heaps(size, name);
    await contestant.prepare?.(
      url,
      wanted.map(({ path }) => path),
    );
    const publisher = await contestant.publisher(url, attempts);
    for (const { path, messages } of wanted) {
      await inFlight(Math.ceil(messages / PER_CALL), CALLS, (call) => {
        const from = call * PER_CALL;
        const length = Math.min(PER_CALL, messages - from);
        const orders = Array.from({ length }, (_, index) => makeOrder(from + index));
        return publisher.publishMany(path, orders);
      });
    }
    await publisher.close();
    return NOTHING;
  };
}

/** One heap, of what is measured and of what comes before. */
export function backlogOf(path: string): Heaps {
  return ({ messages, warmUp }) => [{ path, messages: messages + warmUp }];
}
