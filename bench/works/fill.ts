import { inFlight } from '../measure/in-flight.js';
import { makeOrder } from '../payload.js';
import { NOTHING, type Role } from './work.js';

const PER_CALL = 200;
const CALLS = 8;

/** Publishes the whole of `size` to each path, before anybody measures. */
export function fill(...paths: readonly string[]): Role {
  return async ({ contestant, size, url }) => {
    await contestant.prepare?.(url, paths);
    const publisher = await contestant.publisher(url);
    const messages = size.messages + size.warmUp;
    for (const path of paths) {
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
