import { EventEmitter } from 'node:events';

import { toError } from './errors.js';
import { printableStack } from './show.js';
import type { DeadReason, ErrorRecord } from './message/index.js';
import { inOwnContext } from './own-context.js';
import type { ConnectionRole } from './redis/index.js';

/** What every event about one delivery says. */
export interface DeliveryEvent {
  readonly path: string;
  readonly group: string;
  readonly consumer: string;
  readonly id: string;
  /** The attempt that the event is about, 1 for the first. */
  readonly attempt: number;
  /** When the message was put on the log: epoch ms, the server's clock. */
  readonly publishedAt: number;
}

/**
 * All that happens, by name. The core never logs; logs, metrics and traces subscribe to these. An event without a
 * listener costs nothing.
 */
export interface LeanMQEvents {
  /** A send was accepted by Redis. */
  published: [{ path: string; id: string; outcome: 'published' | 'duplicate' | 'scheduled' }];
  /** A delayed send was taken back. */
  cancelled: [{ path: string; id: string }];
  /** A handler is about to be called. */
  delivered: [DeliveryEvent];
  /** A handler succeeded and Redis has confirmed it. `leaseLost`: another consumer may have had it too by then. */
  acked: [DeliveryEvent & { readonly leaseLost: boolean; readonly runMs: number }];
  /** A handler failed; the message comes again. */
  retried: [
    DeliveryEvent & {
      readonly delayMs: number;
      readonly error: ErrorRecord;
      /** How long its handler had run when the attempt failed, ms. */
      readonly runMs: number;
    },
  ];
  /** A delivery became a dead letter; `runMs` is as of `retried`, and near 0 when no handler was called. */
  deadLettered: [
    DeliveryEvent & {
      readonly reason: DeadReason;
      readonly error: ErrorRecord | undefined;
      readonly runMs: number;
    },
  ];
  /** Its time to live had passed before a handler began with it. */
  expired: [DeliveryEvent];
  /** A handler of a route with `ack: 'before'` failed: the message is gone, as agreed. */
  lost: [DeliveryEvent & { readonly error: ErrorRecord }];
  /** An idempotent handler had been done with its key: it was acked without being run. */
  skipped: [DeliveryEvent];
  /** Given back unfinished, without using an attempt up. */
  released: [DeliveryEvent];
  /** The delivery is no longer ours: what its handler does from now on may be done twice. */
  leaseLost: [DeliveryEvent];
  /** Deliveries of a consumer that died or stalled were taken over. */
  reclaimed: [{ path: string; group: string; count: number }];
  /** Messages that have been in so many crashes that they are run alone. */
  suspected: [{ path: string; group: string; count: number }];
  /** Entries were moved from the schedule to where they were due. */
  promoted: [{ path: string; count: number }];
  /** A dead letter was dropped, because dead letters of the route are limited: by `id` among them, and why. */
  deadLetterDropped: [
    {
      path: string;
      group: string;
      id: string;
      messageId: string;
      reason: DeadReason | undefined;
      because: 'age' | 'count';
    },
  ];
  /** It failed after its queue was purged, so that it is not tried again. */
  dropped: [DeliveryEvent];
  /** Finished entries were removed from a log. */
  trimmed: [{ path: string; count: number }];
  /** A recurring send was due; `ids` are of the messages that were published for it, none if they were skipped. */
  ticked: [
    { path: string; schedule: string; dueAt: number; nextAt: number; ids: readonly string[] },
  ];
  connectionLost: [{ role: ConnectionRole; error: Error | undefined }];
  /** Redis is still away, or was never there: told after half a minute, then ever more seldom. `waiting`: sends that wait. */
  connectionStillLost: [{ downMs: number; waiting: number }];
  /** All connections are there again, or the first is there after `connectionStillLost` told that it was not. */
  connectionRegained: [{ downMs: number }];
  started: [{ group: string; consumer: string; routes: readonly string[] }];
  stopped: [{ group: string; consumer: string; released: number }];
  /** A queue with a handler here is paused for its group; `resumed` tells when it goes on. */
  paused: [{ path: string; group: string }];
  resumed: [{ path: string; group: string }];
  /** Something that a person should know, but that stops nothing. */
  warning: [{ code: string; message: string }];
  /** Something in the background failed in a way that may need a person. */
  fault: [{ where: string; error: Error }];
}

type Listener = (payload: unknown) => unknown;

type ListenerOf<Name extends keyof LeanMQEvents> = (...told: LeanMQEvents[Name]) => unknown;

/** Node's own types give the listener of a union of names no type. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- the methods are those of EventEmitter
export interface Events {
  on<Name extends keyof LeanMQEvents>(name: Name, listener: ListenerOf<Name>): this;
  once<Name extends keyof LeanMQEvents>(name: Name, listener: ListenerOf<Name>): this;
  off<Name extends keyof LeanMQEvents>(name: Name, listener: ListenerOf<Name>): this;
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- see above
export class Events extends EventEmitter<LeanMQEvents> {
  constructor() {
    super();
    // Every part of an application may listen, for as long as it likes: Node would take more than ten for a leak.
    this.setMaxListeners(0);
  }

  /** Whether anybody listens; asked where even the closure of `tell` would be felt. */
  isHeard(name: keyof LeanMQEvents): boolean {
    return this.listenerCount(name) > 0;
  }

  /** Emits if anybody listens; the payload is made only then. Each listener is called in an async context of its own. */
  tell<Name extends keyof LeanMQEvents>(name: Name, payload: () => LeanMQEvents[Name][0]): void {
    if (this.listenerCount(name) === 0) return;
    const told = payload();
    for (const listener of this.rawListeners(name)) this.call(name, listener as Listener, told);
  }

  /** A listener's mistake ends neither a delivery nor the process, and is kept from no other listener. */
  private call(name: keyof LeanMQEvents, listener: Listener, told: unknown): void {
    try {
      const result = inOwnContext(() => listener.call(this, told));
      if (typeof result !== 'object') return;
      Promise.resolve(result).catch((error: unknown) => this.tellFailed(name, error));
    } catch (error) {
      this.tellFailed(name, error);
    }
  }

  private tellFailed(name: keyof LeanMQEvents, thrown: unknown): void {
    const error = toError(thrown);
    // Told by a fault, a listener of faults that fails would be told of itself without end.
    if (name !== 'fault' && this.isHeard('fault')) {
      return this.tell('fault', () => ({ where: `listener of ${name}`, error }));
    }
    process.emitWarning(
      `A listener of LeanMQ's event "${name}" failed: ${printableStack(error)}`,
      'LeanMQWarning',
    );
  }
}
