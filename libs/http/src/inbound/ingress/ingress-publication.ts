import {
  BrokerError,
  BufferFullError,
  InvalidMessageError,
  MessageIdConflictError,
  MessageTooLargeError,
  RouteFullError,
  type LeanMQ,
  type PublishOptions,
} from '@leanmq/core';

import { webhookId } from '../../signing/index.js';
import type { CheckedIngress, InboundWebhook } from './ingress-options.js';

/** Result of publishing a webhook; with what went wrong the status of the answer. */
export type Publication =
  | { readonly outcome: 'published' | 'duplicate' | 'ignored'; readonly id?: string }
  | { readonly outcome: 'refused'; readonly status: 400 | 413 | 503; readonly error: Error };

/** Publishes a webhook under its sender's id, or says why it cannot be taken. */
export async function publishWebhook(
  mq: LeanMQ,
  ingress: CheckedIngress,
  webhook: InboundWebhook,
  eventHeaders: readonly string[],
): Promise<Publication> {
  const data = ingress.map === undefined ? webhook.data : await ingress.map(webhook);
  if (data === undefined && ingress.map !== undefined) return { outcome: 'ignored' };
  const route = typeof ingress.route === 'string' ? ingress.route : ingress.route(webhook);
  const options = sendOptions(ingress, webhook, eventHeaders);
  try {
    const { id, outcome } = await mq.publish(route, data ?? null, options);
    return { outcome: outcome === 'duplicate' ? outcome : 'published', id };
  } catch (error) {
    // Senders change a body that they send again (Stripe counts what is pending in it): the first one is kept.
    if (error instanceof MessageIdConflictError) return duplicate(options.messageId);
    return refused(error);
  }
}

function sendOptions(
  { dedupeMs, answerWithinMs, headers = [] }: CheckedIngress,
  webhook: InboundWebhook,
  eventHeaders: readonly string[],
): PublishOptions {
  const { id, timestamp } = webhook;
  const carried = [...eventHeaders, ...headers].flatMap((name) => {
    const value = webhook.headers[name.toLowerCase()];
    return typeof value === 'string' ? [[name.toLowerCase(), value] as const] : [];
  });
  if (timestamp !== undefined) carried.push(['webhook-timestamp', String(timestamp)]);
  return {
    timeoutMs: answerWithinMs,
    ...(carried.length === 0 ? {} : { headers: Object.fromEntries(carried) }),
    ...(id === undefined ? {} : { messageId: messageIdOf(id), dedupeMs }),
  };
}

/** One that no message may have becomes its digest. */
function messageIdOf(id: string): string {
  return /^[ -~]{1,256}$/.test(id) ? id : webhookId(id);
}

function duplicate(id: string | undefined): Publication {
  return id === undefined ? { outcome: 'duplicate' } : { outcome: 'duplicate', id };
}

/** @throws whatever is neither about the webhook nor about Redis */
function refused(error: unknown): Publication {
  if (error instanceof MessageTooLargeError) return { outcome: 'refused', status: 413, error };
  if (error instanceof InvalidMessageError) return { outcome: 'refused', status: 400, error };
  const isFull = error instanceof RouteFullError || error instanceof BufferFullError;
  if (isFull || error instanceof BrokerError) return { outcome: 'refused', status: 503, error };
  throw error;
}
