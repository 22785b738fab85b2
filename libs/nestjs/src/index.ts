export * from '@leanmq/core';
export {
  BatchAware,
  Delivery,
  OnWebhook,
  OnWebhookBatch,
  Payload,
  WebhookController,
  type WebhookBatchOptions,
  type WebhookOptions,
} from './decorators/index.js';
export { LeanMQModule } from './leanmq.module.js';
export type {
  LeanMQLateOptions,
  LeanMQModuleAsyncOptions,
  LeanMQModuleOptions,
  LeanMQOptionsFactory,
} from './options.js';
export {
  isLeanMQBatch,
  isLeanMQContext,
  type LeanMQArguments,
  type LeanMQBatchArguments,
} from './pipeline/index.js';
export { WebhookPublisher, type SendItem, type WebhookSchedules } from './publisher/index.js';
