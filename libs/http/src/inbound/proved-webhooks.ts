import type { IncomingMessage } from 'node:http';

import type { WebhookVerification } from '../verifying/index.js';
import { nodeRequestOf } from './raw-body/index.js';

const proved = new WeakMap<IncomingMessage, WebhookVerification>();

export function keepProvedWebhook(request: unknown, webhook: WebhookVerification): void {
  proved.set(nodeRequestOf(request), webhook);
}

/** Result of verifying a request; undefined if it was not. */
export function provedWebhookOf(request: unknown): WebhookVerification | undefined {
  return proved.get(nodeRequestOf(request));
}
