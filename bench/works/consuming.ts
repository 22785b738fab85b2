import { setTimeout as sleep } from 'node:timers/promises';

import type { ConsumePlan, Consumer } from '../contestants/index.js';
import type { Cost } from '../measure/meter.js';
import { rateOf } from './reading.js';
import type { Part, Role } from './work.js';

const SETTLE_TIMEOUT_MS = 20_000;

type Handler = Pick<ConsumePlan, 'work' | 'validated'> & { readonly does?: () => Promise<unknown> };

/**
 * Consumes what a role has put there. The first `warmUp` messages are not measured: the clock runs from the handler of
 * the one after them to the handler of the last. Then all must be settled, or it was not the same work.
 */
export function consuming(path: string, handler: Handler): Role {
  return async (part) => {
    const { contestant, size, url } = part;
    const tally = new Tally(part, handler.does);
    const consumer = await contestant.consumer?.(url, {
      ...handler,
      paths: [path],
      concurrency: size['concurrency'] ?? 1,
      handle: tally.handle,
    });
    if (consumer === undefined) throw new Error(`${part.name} keeps nothing to consume.`);
    const cost = await tally.cost;
    await allSettled(consumer);
    await consumer.close();
    return rateOf(size.messages, cost);
  };
}

/** Counts what the handlers get, and runs the meter for what comes after the warm-up. */
class Tally {
  readonly cost: Promise<Cost>;
  readonly handle: (order: unknown) => Promise<void>;

  constructor({ size, meter }: Part, does?: () => Promise<unknown>) {
    const last = size.warmUp + size.messages;
    let count = 0;
    let finish: (cost: Promise<Cost>) => void;
    this.cost = new Promise((resolve) => (finish = resolve));
    const seen = (): void => {
      if (++count === size.warmUp) meter.start();
      else if (count === last) finish(meter.end());
    };
    this.handle =
      does === undefined
        ? // eslint-disable-next-line @typescript-eslint/require-await -- a handler returns a promise
          async () => {
            seen();
          }
        : async () => {
            await does();
            seen();
          };
  }
}

export async function allSettled(consumer: Consumer): Promise<void> {
  const deadline = performance.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const left = await consumer.unfinished();
    if (left === 0) return;
    if (performance.now() > deadline) {
      throw new Error(`${left} messages were handled and not settled.`);
    }
    await sleep(10);
  }
}
