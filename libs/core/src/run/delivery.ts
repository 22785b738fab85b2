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

/** Origin of a delivery, shared by all deliveries of a route. */
export interface DeliverySource {
  readonly path: string;
  readonly group: string;
}

/**
 * The delivery that a handler receives. Most properties are computed on first access, so a handler that reads only the
 * payload pays for nothing else.
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

  /** Aborts the handler's signal. */
  cancel(reason: Error): void {
    this.abortedBecause ??= reason;
    this.cancelledAt ??= performance.now();
    const { abort } = this;
    // The signal's listeners are application code.
    if (abort !== undefined) inOwnContext(() => abort.abort(reason));
  }
}
