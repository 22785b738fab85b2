import { setTimeout as sleep } from 'node:timers/promises';

import type { ConsumePlan, Consumer } from '../contestants/index.js';
import type { Cost, Meter } from '../measure/meter.js';
import type { Order } from '../payload.js';
import { rateOf } from './reading.js';
import type { Part, Role } from './work.js';

const SETTLE_TIMEOUT_MS = 20_000;

export interface Handling extends Pick<ConsumePlan, 'work' | 'validated' | 'attempts'> {
  /** Work that the handler does before the message counts as handled; may throw. */
  readonly does?: (order: Order) => Promise<unknown> | undefined;
  /** Called after each handled message, with the count so far. */
  readonly onHandled?: (count: number) => void;
  /** Runs when all messages are settled, before the consumer closes. */
  readonly whenDone?: () => Promise<void>;
}

/** The path of most works. */
export const PATH = 'bench';

/** Consumes a backlog, of which the first `warmUp` messages are not measured. */
export function consuming(handling: Handling): Role {
  return async (part) => {
    const { messages, warmUp } = part.size;
    return rateOf(messages, await consumeAll(part, PATH, warmUp, messages, handling));
  };
}

/**
 * Consumes what waits on a path. The meter runs from when the handler has been called for `before` messages, as often as
 * each is tried, to the end of the last. Then all must be settled, or it was not the same work.
 */
export async function consumeAll(
  { name, contestant, size, url, meter }: Part,
  path: string,
  before: number,
  messages: number,
  handling: Handling,
): Promise<Cost> {
  const tally = new Tally(meter, before, messages, handling);
  const consumer = await contestant.consumer?.(url, {
    ...handling,
    paths: [path],
    concurrency: size['concurrency'] ?? 64,
    handle: tally.handle,
  });
  if (consumer === undefined) throw new Error(`${name} keeps nothing to consume.`);
  const cost = await tally.cost;
  await allSettled(consumer);
  await handling.whenDone?.();
  await consumer.close();
  return cost;
}

/** Counts runs and what was handled, and runs the meter for what comes after the warm-up. */
class Tally {
  readonly cost: Promise<Cost>;
  readonly handle: ConsumePlan['handle'];

  constructor(
    meter: Meter,
    before: number,
    messages: number,
    { does, onHandled, attempts = 1 }: Handling,
  ) {
    const last = before + messages;
    const runsBefore = before * attempts;
    let runs = 0;
    let handled = 0;
    let finish: (cost: Promise<Cost>) => void;
    this.cost = new Promise((resolve) => (finish = resolve));
    const begin = (): void => {
      if (runs === runsBefore) meter.start();
      runs += 1;
    };
    const end = (): void => {
      handled += 1;
      onHandled?.(handled);
      if (handled === last) finish(meter.end());
    };
    this.handle =
      does === undefined
        ? // eslint-disable-next-line @typescript-eslint/require-await -- a handler returns a promise
          async () => {
            begin();
            end();
          }
        : async (order) => {
            begin();
            await does(order);
            end();
          };
  }
}

async function allSettled(consumer: Consumer): Promise<void> {
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
