export {
  BATCH_DEFAULTS,
  BatchCollector,
  type BatchHandler,
  type BatchOptions,
} from './batch-collector.js';
export { Delivery } from './delivery.js';
export { Once, type IdempotencyStore, type OnceDecision } from './once.js';
export { openDelivery, type OpenRules } from './open.js';
export { RUN_DEFAULTS, type RunOptions, type WebhookHandler } from './options.js';
export { Runner, type RunnerHooks } from './runner.js';
