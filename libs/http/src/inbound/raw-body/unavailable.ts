import { WebhookConfigError } from '../../webhook-config-error.js';

/** Raw bodies cannot be kept, so signatures cannot be verified. */
export function unavailable(
  why: string,
  options?: { readonly cause: unknown },
): WebhookConfigError {
  return new WebhookConfigError(
    'RAW_BODY_UNAVAILABLE',
    'rawBody',
    `Webhooks cannot be verified, because their raw bodies are not available: ${why}.`,
    options,
  );
}
