export { ReceivedWebhook } from './received-webhook.js';
export type { ScriptedAnswer } from './scripted-answer.js';
export { WebhookReceiver, type WebhookReceiverOptions } from './webhook-receiver.js';
