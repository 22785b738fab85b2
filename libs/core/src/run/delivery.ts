import { performance } from 'node:perf_hooks';

import {
  decodeHeaders,
  entryTime,
  type DeadReason,
  type Entry,
  type ErrorRecord,
  type InFlight,
  type MessageHeaders,
  type WebhookDelivery,
} from '../message/index.js';
import { inOwnContext } from '../own-context.js';

/** Where a delivery comes from, the same for all of a route. */
export interface DeliverySource {
  readonly path: string;
  readonly group: string;
}

/**
 * What a handler gets. Most of it is worked out when asked for: a handler that only wants the payload pays for nothing
 * else.
 */
export class Delivery<T> implements WebhookDelivery<T> {
  readonly path: string;
  readonly group: string;
  cancelledAt: number | undefined;
  private abort: AbortController | undefined;
  private abortedBecause: Error | undefined;
  private decodedHeaders: MessageHeaders | undefined;

  constructor(
    source: DeliverySource,
    readonly consumer: string,
    readonly data: T,
    private readonly inFlight: InFlight<unknown>,
    private readonly entry: Entry,
  ) {
    this.path = source.path;
    this.group = source.group;
  }

  get id(): string {
    return this.inFlight.messageId;
  }

  get origin(): string {
    return this.inFlight.origin;
  }

  get headers(): MessageHeaders {
    this.decodedHeaders ??= decodeHeaders(this.entry.headers);
    return this.decodedHeaders;
  }

  get publishedAt(): number {
    return entryTime(this.inFlight.origin);
  }

  get expiresAt(): number | undefined {
    return this.entry.expiresAt;
  }

  get attempt(): number {
    return this.inFlight.attemptsBefore + 1;
  }

  get crashes(): number {
    return this.inFlight.crashes;
  }

  get replays(): number {
    return this.entry.history?.replays ?? 0;
  }

  get lastError(): ErrorRecord | undefined {
    return this.entry.history?.error;
  }

  get deadReason(): DeadReason | undefined {
    return this.entry.history?.reason;
  }

  get signal(): AbortSignal {
    if (this.abort === undefined) {
      this.abort = new AbortController();
      if (this.abortedBecause !== undefined) this.abort.abort(this.abortedBecause);
    }
    return this.abort.signal;
  }

  get isCancelled(): boolean {
    return this.abortedBecause !== undefined;
  }

  /** Tells the handler that its work is no longer wanted. */
  cancel(reason: Error): void {
    this.abortedBecause ??= reason;
    this.cancelledAt ??= performance.now();
    const { abort } = this;
    // Its listeners are the user's.
    if (abort !== undefined) inOwnContext(() => abort.abort(reason));
  }
}
