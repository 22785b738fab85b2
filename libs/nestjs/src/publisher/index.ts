export { WebhookPublisher, type SendItem } from './webhook-publisher.js';
