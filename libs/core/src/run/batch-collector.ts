import { ConfigError } from '../errors.js';
import type { WebhookDelivery } from '../message/index.js';
import { inOwnContext } from '../own-context.js';
import { Delivery } from './delivery.js';

/** Limits on how deliveries are collected for a batch handler. */
export interface BatchOptions {
  /** Maximum number of deliveries in a batch. */
  readonly size: number;
  /** Maximum time that the first delivery of a batch waits for others, in ms. */
  readonly waitMs: number;
}

export const BATCH_DEFAULTS: BatchOptions = Object.freeze({ size: 100, waitMs: 10 });

/**
 * Handles several deliveries at once. The batch succeeds when the handler returns nothing (or anything but a list) and
 * fails when it throws. A list gives one outcome per delivery, in order: its error, or undefined for a success.
 */
export type BatchHandler<T = unknown> = (deliveries: readonly WebhookDelivery<T>[]) => unknown;

interface Waiting {
  readonly delivery: WebhookDelivery;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Collects single deliveries into batches; every other step still sees single deliveries. */
export class BatchCollector {
  private waiting: Waiting[] = [];
  private timer: NodeJS.Timeout | undefined;
  private running = 0;

  constructor(
    private readonly handler: BatchHandler<never>,
    private readonly options: BatchOptions,
    /** Maximum number of batches handled at the same time. */
    private readonly concurrency: () => number,
  ) {}

  /** Resolves or rejects with the outcome of this delivery within its batch. */
  add(delivery: WebhookDelivery): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ delivery, resolve, reject });
      this.flushSoon();
    });
  }

  private flushSoon(): void {
    if (this.running >= this.concurrency() || this.waiting.length === 0) return;
    if (this.waiting.length >= this.options.size) return this.flush();
    this.timer ??= setTimeout(() => this.flush(), this.options.waitMs);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const batch = this.waiting.splice(0, this.options.size).filter((each) => !isCancelled(each));
    if (batch.length > 0) {
      this.running += 1;
      void this.handle(batch).finally(() => {
        this.running -= 1;
        this.flushSoon();
      });
    }
    // The deliveries left over may have a free slot as well.
    this.flushSoon();
  }

  private async handle(batch: readonly Waiting[]): Promise<void> {
    try {
      const deliveries = batch.map(({ delivery }) => delivery as never);
      const result = await inOwnContext(this.handler, deliveries);
      const outcomes: readonly unknown[] = Array.isArray(result)
        ? result
        : batch.map(() => undefined);
      if (outcomes.length !== batch.length) {
        throw new ConfigError(
          `The batch handler returned ${outcomes.length} outcomes for ${batch.length} deliveries; return one for each, or nothing.`,
          { code: 'BATCH_OUTCOMES' },
        );
      }
      batch.forEach(({ resolve, reject }, index) => {
        const failure = outcomes[index];
        if (failure === undefined) resolve();
        else reject(failure);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

/** Rejects a delivery that timed out or was taken over, so that its slot is freed. */
function isCancelled({ delivery, reject }: Waiting): boolean {
  if (!(delivery instanceof Delivery) || !delivery.isCancelled) return false;
  reject(delivery.signal.reason);
  return true;
}
