export { POSITIONAL_ARGS } from './arguments.js';
export { Delivery } from './delivery.js';
export { OnWebhook, webhooksOf, type Webhook, type WebhookOptions } from './on-webhook.js';
export { Payload } from './payload.js';
export { WebhookController, prefixOf } from './webhook-controller.js';
