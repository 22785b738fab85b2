import { performance } from 'node:perf_hooks';

import type { BusyState, ProcessState } from '../../message/index.js';
import type { Connection } from '../../redis/index.js';
import type { ConsumerContext } from '../route/context.js';
import { notePresenceScript } from './lease-scripts.js';
import type { Subscription } from '../route/subscription.js';

// The server runs two commands for each.
const ROUTES_PER_CALL = 50;

/**
 * Reports that this consumer exists, its load, and when it started what it holds. Redis does not list a consumer that
 * waits for its first message, and a renewed lease hides the start. The note expires with the lease; nothing depends on
 * it.
 */
export async function notePresence(
  { command, group, consumer, clock, options }: ConsumerContext,
  subscriptions: Iterable<Subscription>,
): Promise<void> {
  const offset = clock.now() - performance.now();
  const present = [...subscriptions].filter((each) => !each.isOff || each.inFlightCount > 0);
  const calls: Promise<unknown>[] = [];
  for (let from = 0; from < present.length; from += ROUTES_PER_CALL) {
    const some = present.slice(from, from + ROUTES_PER_CALL);
    const { leaseMs } = options;
    const more = {
      keys: some.flatMap(({ keys }) => [keys.here(group), keys.held(group, consumer)]),
      args: some.flatMap((each) => [
        JSON.stringify(busyState(each, offset)),
        heldSince(each, offset),
      ]),
    };
    calls.push(notePresenceScript.run(command.client, {}, { consumer, leaseMs }, more));
  }
  await Promise.all(calls);
}

/**
 * Reports that a process exists, and whether it consumes.
 *
 * @param processes key of the presence notes, a HASH
 * @param validMs time for which the note is valid
 */
export async function noteProcess(
  { client }: Connection,
  processes: string,
  name: string,
  state: ProcessState,
  validMs: number,
): Promise<void> {
  const more = { keys: [processes, processes], args: [JSON.stringify(state), ''] };
  await notePresenceScript.run(client, {}, { consumer: name, leaseMs: validMs }, more);
}

function busyState(subscription: Subscription, offset: number): BusyState {
  const { options, runningCount, fullSince, isWaitingForPermit, permitSince } = subscription;
  // Pulled deliveries take no slots.
  const slots = Number.isSafeInteger(options.concurrency + 1) ? options.concurrency : undefined;
  return {
    running: runningCount,
    slots,
    busySince: slots === undefined || fullSince === 0 ? undefined : Math.round(offset + fullSince),
    permitSince: isWaitingForPermit ? Math.round(offset + permitSince) : undefined,
  };
}

/** Returns the start of each running delivery, epoch ms, as JSON; '' without one. */
function heldSince(subscription: Subscription, offset: number): string {
  const held: Record<string, number> = {};
  for (const source of ['log', 'inbox'] as const) {
    for (const { entryId, startedAt, isSettled } of subscription.deliveries(source)) {
      if (startedAt > 0 && !isSettled)
        held[`${source}:${entryId}`] = Math.round(offset + startedAt);
    }
  }
  return Object.keys(held).length === 0 ? '' : JSON.stringify(held);
}
