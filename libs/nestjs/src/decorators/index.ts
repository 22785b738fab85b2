export {
  POSITIONAL_ARGUMENTS,
  argumentsDescribedBy,
  type DescribedArguments,
} from './arguments.js';
export { BatchAware, isBatchAware } from './batch-aware.js';
export {
  countApplication,
  declaredOn,
  isOnlyApplication,
  markKnown,
  unknownHandlers,
  type DeclaredHandler,
} from './declared-handlers.js';
export { Delivery } from './delivery.js';
export {
  BODY,
  CAUGHT_EXCEPTIONS,
  DELIVERY,
  ENHANCERS,
  EXCEPTION_FILTERS,
  PARAMETER_TYPES,
  PIPES,
} from './nest-metadata.js';
export { OnWebhookBatch } from './on-webhook-batch.js';
export { OnWebhook } from './on-webhook.js';
export { Payload } from './payload.js';
export { WebhookController, prefixOf } from './webhook-controller.js';
export type { WebhookBatchOptions, WebhookOptions } from './webhook-options.js';
export { webhooksOf, type Webhook } from './webhooks.js';
