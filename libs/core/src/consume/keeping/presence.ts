import { performance } from 'node:perf_hooks';

import type { BusyState, ProcessState } from '../../message/index.js';
import type { Connection } from '../../redis/index.js';
import type { ConsumerContext } from '../route/context.js';
import { notePresenceScript } from './lease-scripts.js';
import type { Subscription } from '../route/subscription.js';

// The server runs two commands for each.
const ROUTES_PER_CALL = 50;

/** Note as last written, with its time in monotonic ms. */
interface Written {
  readonly state: string;
  readonly at: number;
}

/**
 * Reports that this consumer exists, its load, and when it started what it holds. Redis does not list a consumer that
 * waits for its first message, and a renewed lease hides the start. The note expires with the lease; nothing depends on
 * it.
 */
export class PresenceNotes {
  private written = new Map<Subscription, Written>();

  constructor(private readonly context: ConsumerContext) {}

  /** Writes the notes that have changed, belong to a route with something in flight, or would not outlast another beat. */
  async write(subscriptions: Iterable<Subscription>): Promise<void> {
    const { clock, options } = this.context;
    const now = performance.now();
    const offset = clock.now() - now;
    const before = this.written;
    this.written = new Map();
    const due: Note[] = [];
    for (const each of subscriptions) {
      if (each.isOff && each.inFlightCount === 0) continue;
      const state = JSON.stringify(busyState(each, offset));
      const last = before.get(each);
      const isFresh =
        each.inFlightCount === 0 &&
        last?.state === state &&
        isLasting(now - last.at, options.leaseMs);
      if (!isFresh) due.push({ subscription: each, state, since: heldSince(each, offset) });
      this.written.set(each, isFresh ? last : { state, at: now });
    }
    await Promise.all(chunks(due).map((some) => this.send(some)));
  }

  /** Writes all notes next time: the server may have lost them. */
  forget(): void {
    this.written.clear();
  }

  private async send(notes: readonly Note[]): Promise<void> {
    const { command, group, consumer, options } = this.context;
    const keys = notes.flatMap(({ subscription: { keys: route } }) => [
      route.here(group),
      route.held(group, consumer),
    ]);
    const args = notes.flatMap(({ state, since }) => [state, since]);
    const { leaseMs } = options;
    try {
      await notePresenceScript.run(command.client, {}, { consumer, leaseMs }, { keys, args });
    } catch (error) {
      for (const { subscription } of notes) this.written.delete(subscription);
      throw error;
    }
  }
}

interface Note {
  readonly subscription: Subscription;
  readonly state: string;
  readonly since: string;
}

/** Returns true if a note of that age is still valid at the next beat, with half a beat to spare. Pure. */
export function isLasting(ageMs: number, leaseMs: number): boolean {
  return ageMs < leaseMs / 2;
}

function chunks(notes: readonly Note[]): (readonly Note[])[] {
  const some: Note[][] = [];
  for (let from = 0; from < notes.length; from += ROUTES_PER_CALL) {
    some.push(notes.slice(from, from + ROUTES_PER_CALL));
  }
  return some;
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
