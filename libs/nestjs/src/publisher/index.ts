export { WebhookPublisher, type SendItem } from './webhook-publisher.js';
export type { WebhookSchedules } from './webhook-schedules.js';
