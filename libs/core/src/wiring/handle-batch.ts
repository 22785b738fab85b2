import { assertHandlerOptions, type HandlerOptions } from '../handler-options.js';
import { normalizePath } from '../message/index.js';
import { BATCH_DEFAULTS, BatchCollector, type BatchHandler } from '../run/index.js';
import { assertHandler } from './assert-handler.js';
import type { Service } from './service.js';

/** Registers a handler that takes several deliveries of a path at once. */
export function handleBatch<T>(
  service: Service,
  path: string,
  handler: BatchHandler<T>,
  options: HandlerOptions<T>,
): void {
  assertHandler(normalizePath(path), handler);
  // Checked before the spread below, which would turn a string into an object without options.
  assertHandlerOptions(options);
  const { batch: given = BATCH_DEFAULTS } = options;
  // Anything but an object is refused by `handle`; spread, it would silently become the defaults.
  const batch = Object(given) === given ? { ...BATCH_DEFAULTS, ...given } : given;
  const collector = new BatchCollector(handler, batch, () => service.concurrencyOf(path));
  service.handle<T>(path, (delivery) => collector.add(delivery), { ...options, batch });
}
