import { createHmac } from 'node:crypto';

import { createWebhookSecret, signWebhook } from '@leanmq/http';

export const SECRET = createWebhookSecret();
export const JSON_TYPE = { 'content-type': 'application/json' };

/** Headers of Standard Webhooks for a body that is sent now. */
export function standardHeaders(
  body: string | Buffer,
  { id = 'msg_1', secret = SECRET, agoS = 0 } = {},
): Record<string, string> {
  const timestamp = Math.floor(Date.now() / 1_000) - agoS;
  return {
    ...JSON_TYPE,
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signWebhook({ id, timestamp, body, secret }),
  };
}

/** Headers as GitHub sends them. */
export function githubHeaders(
  body: string | Buffer,
  { id = 'delivery-1', secret = 'github secret' } = {},
): Record<string, string> {
  const mac = createHmac('sha256', secret).update(body).digest('hex');
  return {
    ...JSON_TYPE,
    'x-github-delivery': id,
    'x-github-event': 'push',
    'x-hub-signature-256': `sha256=${mac}`,
  };
}
