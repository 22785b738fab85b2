import type { BatchOptions, HandlerOptions } from '@leanmq/core';
import type { Type } from '@nestjs/common';

/** What a handler may say otherwise than the defaults: all that the core takes, but a method has one delivery at a time. */
export type WebhookOptions<T = unknown> = Omit<HandlerOptions<T>, 'batch'> & {
  /**
   * Class of the payload, in place of the type of the parameter that gets it. Builds without decorator metadata (esbuild,
   * tsx, vitest) need it; it also tells a key function of `idempotent` what it gets. `Object` for what is not a class.
   */
  readonly payload?: Type<T>;
};

/** What a batch handler says: how its batches are made, what its payloads are, and all that the core takes. */
export type WebhookBatchOptions<T = unknown> = Omit<WebhookOptions<T>, 'payload'> & {
  /** Deliveries in a batch at most, and how long the first of them waits for others, ms. */
  readonly batch: BatchOptions;
  /**
   * The class of each payload, which the type of a parameter does not say at run time: of `StockUpdate[]` only the array
   * is left. With it each payload is validated, and made an instance, by itself; without it payloads come as they are.
   */
  readonly payload?: Type<T>;
};
