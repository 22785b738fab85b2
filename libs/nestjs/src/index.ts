export * from '@leanmq/core';
export {
  Delivery,
  OnWebhook,
  Payload,
  WebhookController,
  type WebhookOptions,
} from './decorators/index.js';
export { LeanMQModule } from './leanmq.module.js';
export type {
  LeanMQLateOptions,
  LeanMQModuleAsyncOptions,
  LeanMQModuleOptions,
  LeanMQOptionsFactory,
} from './options.js';
export { isLeanMQContext, type LeanMQArguments } from './pipeline/index.js';
export { WebhookPublisher, type SendItem } from './publisher/index.js';
