import { show } from '@leanmq/core/internal';

import { WebhookConfigError } from '../webhook-config-error.js';
import { assertWebhookId } from './webhook-id.js';

/** A request to be signed. */
export interface WebhookToSign {
  /** `webhook-id`: the same for every attempt. See `webhookId()`. */
  readonly id: string;
  /** `webhook-timestamp`: seconds since 1970, of this attempt. */
  readonly timestamp: number | Date;
  /** The body, byte for byte as it is sent; a text is sent as UTF-8. */
  readonly body: string | Uint8Array;
}

/** Later than any time in seconds for the next thousand years, earlier than any in milliseconds since 1973. */
const SECONDS_END = 1e11;

/**
 * Gives what Standard Webhooks signs: `id.timestamp.body`. Pure.
 *
 * @throws {WebhookConfigError} for an id, a time or a body that cannot be signed
 */
export function signedContent({ id, timestamp, body }: WebhookToSign): Buffer {
  assertWebhookId(id);
  const head = `${id}.${secondsOf(timestamp)}.`;
  return Buffer.concat([Buffer.from(head), bytesOf(body)]);
}

/** @throws {WebhookConfigError} unless it is a whole number of seconds or a Date */
export function secondsOf(timestamp: number | Date): number {
  const seconds = timestamp instanceof Date ? Math.floor(timestamp.getTime() / 1_000) : timestamp;
  if (Number.isSafeInteger(seconds) && seconds > 0 && seconds < SECONDS_END) return seconds;
  const hint = seconds >= SECONDS_END ? '; it is in milliseconds, divide it by 1,000' : '';
  throw new WebhookConfigError(
    'WEBHOOK_TIMESTAMP_INVALID',
    'timestamp',
    `Webhook timestamp is ${show(timestamp)}; give whole seconds since 1970, or a Date${hint}.`,
  );
}

/** @throws {WebhookConfigError} unless it is a text or bytes */
export function bytesOf(body: string | Uint8Array): Uint8Array {
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  throw new WebhookConfigError(
    'WEBHOOK_BODY_INVALID',
    'body',
    `The body is ${show(body)}; give the bytes that are sent, JSON.stringify() of an object once and for all.`,
  );
}
