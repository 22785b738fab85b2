import 'reflect-metadata';

import type { DedupeOptions } from './dedupe-options.js';
import type { VerificationOptions } from './verification-options.js';

/** Options of `@VerifiedWebhook()`. */
export interface VerifiedWebhookOptions extends VerificationOptions {
  /**
   * Runs the handler once for each id of the sender. While it runs, the same id is answered 409; when it has succeeded,
   * like a success; when it has failed, it runs again. Needs `LeanMQModule`. @default true
   */
  readonly dedupe?: boolean | DedupeOptions;
}

const METADATA = 'leanmq:verified-webhook';

export function setVerifiedWebhook(method: object, options: VerifiedWebhookOptions): void {
  Reflect.defineMetadata(METADATA, options, method);
}

/** The options of a method that has the decorator. */
export function verifiedWebhookOf(method: unknown): VerifiedWebhookOptions | undefined {
  if (typeof method !== 'function') return undefined;
  return Reflect.getMetadata(METADATA, method) as VerifiedWebhookOptions | undefined;
}
