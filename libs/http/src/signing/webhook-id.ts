import { createHash } from 'node:crypto';

import { show } from '@leanmq/core/internal';

import { WebhookConfigError } from '../webhook-config-error.js';

const PLAIN = /^[A-Za-z0-9_:@-]{1,256}$/;

/**
 * Makes a message's id fit to be signed. Between id, time and body stand full stops, so an id with one could move what
 * is signed from one to the next: an id with anything but letters, digits and `_ : @ -` becomes `h_` and its SHA-256 in
 * base64url. The same id gives the same result. Pure.
 *
 * @example
 * ```ts
 * webhookId('order-7'); // 'order-7'
 * webhookId('v1.7'); // 'h_…'
 * ```
 */
export function webhookId(messageId: string): string {
  if (PLAIN.test(messageId)) return messageId;
  return `h_${createHash('sha256').update(messageId).digest('base64url')}`;
}

/** @throws {WebhookConfigError} unless the id can be signed as it is */
export function assertWebhookId(id: string): void {
  if (typeof id === 'string' && PLAIN.test(id)) return;
  throw new WebhookConfigError(
    'WEBHOOK_ID_INVALID',
    'id',
    `Webhook id ${show(id)} cannot be signed; allowed: 1 to 256 of A-Z a-z 0-9 _ : @ -. Use webhookId(), which makes one of any id.`,
  );
}
