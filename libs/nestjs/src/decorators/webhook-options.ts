import type { BatchOptions, HandlerOptions } from '@leanmq/core';
import type { Type } from '@nestjs/common';

/** Options of a handler: those of the core except `batch`. */
export type WebhookOptions<T = unknown> = Omit<HandlerOptions<T>, 'batch'> & {
  /**
   * Class of the payload, instead of the type of the parameter that receives it. Builds without decorator metadata (esbuild,
   * tsx, vitest) need it; it also types the key function of `idempotent`. Use `Object` for a type that is not a class.
   */
  readonly payload?: Type<T>;
};

/** Options of a batch handler: those of the core, the batch and the class of its payloads. */
export type WebhookBatchOptions<T = unknown> = Omit<WebhookOptions<T>, 'payload'> & {
  /** Greatest number of deliveries in a batch, and how long the first one waits for others, in ms. */
  readonly batch: BatchOptions;
  /**
   * Class of each payload; at run time the parameter type `StockUpdate[]` is only an array. With the option each payload is
   * validated and becomes an instance of the class; without it payloads are passed as they are.
   */
  readonly payload?: Type<T>;
};
