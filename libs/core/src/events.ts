import { EventEmitter } from 'node:events';

import { toError } from './errors.js';
import { printableStack } from './show.js';
import type { DeadReason, ErrorRecord } from './message/index.js';
import { inOwnContext } from './own-context.js';
import type { ConnectionRole } from './redis/index.js';

/** Fields shared by all events about one delivery. */
export interface DeliveryEvent {
  readonly path: string;
  readonly group: string;
  readonly consumer: string;
  readonly id: string;
  /** Number of the attempt, 1 for the first. */
  readonly attempt: number;
  /** Time at which the message was appended to the log: epoch ms, by the server's clock. */
  readonly publishedAt: number;
}

/**
 * All events, by name. The core never logs; loggers, metrics and traces subscribe to these events. An event without a
 * listener costs nothing.
 */
export interface LeanMQEvents {
  /** Redis accepted a send. */
  published: [{ path: string; id: string; outcome: 'published' | 'duplicate' | 'scheduled' }];
  /** A delayed send was cancelled. */
  cancelled: [{ path: string; id: string }];
  /** A handler is about to be called. */
  delivered: [DeliveryEvent];
  /** A handler succeeded and Redis confirmed the ack. `leaseLost`: another consumer may have handled the message too. */
  acked: [DeliveryEvent & { readonly leaseLost: boolean; readonly runMs: number }];
  /** A handler failed; the message will be retried after `delayMs`. */
  retried: [
    DeliveryEvent & {
      readonly delayMs: number;
      readonly error: ErrorRecord;
      /** Time that the handler ran before the attempt failed, in ms. */
      readonly runMs: number;
    },
  ];
  /** A delivery became a dead letter. `runMs` means the same as in `retried`, and is near 0 when no handler was called. */
  deadLettered: [
    DeliveryEvent & {
      readonly reason: DeadReason;
      readonly error: ErrorRecord | undefined;
      readonly runMs: number;
    },
  ];
  /** A message's time to live passed before a handler started. */
  expired: [DeliveryEvent];
  /** A handler with `ack: 'before'` failed: its message was acked already and is not delivered again. */
  lost: [DeliveryEvent & { readonly error: ErrorRecord }];
  /** An idempotent handler has already succeeded with this key: the delivery was acked without calling the handler. */
  skipped: [DeliveryEvent];
  /** A delivery was given back unfinished; the attempt does not count. */
  released: [DeliveryEvent];
  /** This consumer lost its lease on a delivery; whatever the handler does from now on may happen twice. */
  leaseLost: [DeliveryEvent];
  /** Deliveries were taken over from a consumer that died or stalled. */
  reclaimed: [{ path: string; group: string; count: number }];
  /** Messages were involved in so many crashes that they now run alone. */
  suspected: [{ path: string; group: string; count: number }];
  /** Due entries were moved from the schedule to the log, or to the inbox of their group. */
  promoted: [{ path: string; count: number }];
  /** A dead letter was dropped because the queue limits dead letters. `id` is the dead letter's own; `because` is the limit. */
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
  /** A delivery failed after its queue was purged; it is not retried. */
  dropped: [DeliveryEvent];
  /** Finished entries were removed from a log. */
  trimmed: [{ path: string; count: number }];
  /** A recurring send was due. `ids` are the ids of the messages published for it; empty when they were skipped. */
  ticked: [
    { path: string; schedule: string; dueAt: number; nextAt: number; ids: readonly string[] },
  ];
  /** A connection to Redis was lost; it reconnects by itself. */
  connectionLost: [{ role: ConnectionRole; error: Error | undefined }];
  /**
   * Redis is still unreachable, or has never been reached: emitted after 30 seconds, then at growing intervals. `waiting`
   * is the number of sends that wait.
   */
  connectionStillLost: [{ downMs: number; waiting: number }];
  /** All connections are back, or the first connection succeeded after a `connectionStillLost`. */
  connectionRegained: [{ downMs: number }];
  /** The service started to consume; `routes` are the paths of its queues. */
  started: [{ group: string; consumer: string; routes: readonly string[] }];
  /** The service stopped; `released` is the number of deliveries that it gave back. */
  stopped: [{ group: string; consumer: string; released: number }];
  /** A queue with a handler in this process was paused for its group. */
  paused: [{ path: string; group: string }];
  /** A paused queue delivers again. */
  resumed: [{ path: string; group: string }];
  /** An operator should know about something that does not stop LeanMQ; `code` is stable. */
  warning: [{ code: string; message: string }];
  /** A background task failed in a way that may need an operator; `where` names the task. */
  fault: [{ where: string; error: Error }];
}

type Listener = (payload: unknown) => unknown;

/** A listener of one event. */
export type LeanMQEventListener<Name extends keyof LeanMQEvents> = (
  ...args: LeanMQEvents[Name]
) => unknown;

/** Subscribes to LeanMQ's events. Only LeanMQ emits them. */
export interface EventListeners {
  /** Adds a listener. A listener that throws stops nothing; its error is a `fault` event. */
  on<Name extends keyof LeanMQEvents>(name: Name, listener: LeanMQEventListener<Name>): this;
  /** Adds a listener for the next such event only. */
  once<Name extends keyof LeanMQEvents>(name: Name, listener: LeanMQEventListener<Name>): this;
  /** Removes a listener. */
  off<Name extends keyof LeanMQEvents>(name: Name, listener: LeanMQEventListener<Name>): this;
}

/** Types the listeners of a union of names, which Node's own types leave untyped. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- the methods are those of EventEmitter
export interface Events {
  on<Name extends keyof LeanMQEvents>(name: Name, listener: LeanMQEventListener<Name>): this;
  once<Name extends keyof LeanMQEvents>(name: Name, listener: LeanMQEventListener<Name>): this;
  off<Name extends keyof LeanMQEvents>(name: Name, listener: LeanMQEventListener<Name>): this;
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- see above
export class Events extends EventEmitter<LeanMQEvents> implements EventListeners {
  constructor() {
    super();
    // Any number of parts of an application may listen; above ten listeners, Node would warn of a leak.
    this.setMaxListeners(0);
  }

  /** Returns true when the event has a listener. Call it before `tell` where even creating the closure is too slow. */
  isHeard(name: keyof LeanMQEvents): boolean {
    return this.listenerCount(name) > 0;
  }

  /** Emits the event if it has a listener; only then calls `payload`. Each listener runs in its own async context. */
  tell<Name extends keyof LeanMQEvents>(name: Name, payload: () => LeanMQEvents[Name][0]): void {
    if (this.listenerCount(name) === 0) return;
    const event = payload();
    for (const listener of this.rawListeners(name)) this.call(name, listener as Listener, event);
  }

  /** Calls one listener. Its failure stops neither the delivery, nor the process, nor the other listeners. */
  private call(name: keyof LeanMQEvents, listener: Listener, event: unknown): void {
    try {
      const result = inOwnContext(() => listener.call(this, event));
      if (typeof result !== 'object') return;
      Promise.resolve(result).catch((error: unknown) => this.tellFailed(name, error));
    } catch (error) {
      this.tellFailed(name, error);
    }
  }

  private tellFailed(name: keyof LeanMQEvents, thrown: unknown): void {
    const error = toError(thrown);
    // Report a failing listener of faults as a warning: as a fault, it would trigger itself endlessly.
    if (name !== 'fault' && this.isHeard('fault')) {
      return this.tell('fault', () => ({ where: `listener of ${name}`, error }));
    }
    process.emitWarning(
      `A listener of LeanMQ's event "${name}" failed: ${printableStack(error)}`,
      'LeanMQWarning',
    );
  }
}
