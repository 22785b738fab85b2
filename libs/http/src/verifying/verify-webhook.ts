import type { HmacScheme } from './hmac-scheme.js';
import type { CustomScheme, SchemeName } from './schemes.js';
import { createWebhookVerifier, type VerifierOptions } from './verifier.js';
import type { WebhookVerification, WebhookRequest } from './webhook-request.js';

/** A request, and how its sender is to be proved. */
export interface VerifyWebhookOptions extends VerifierOptions, WebhookRequest {
  /** This clock: epoch ms, or a Date. @default Date.now() */
  readonly now?: number | Date;
}

/**
 * Proves that a request comes from whoever has the secret, and is not old. With a custom scheme it returns a promise.
 *
 * @throws {WebhookVerificationError} if it is not proved; `reason` says why
 * @throws {ConfigError} for a scheme, a secret or a body with which no request could be verified
 * @example
 * ```ts
 * const { id } = verifyWebhook({ scheme: 'stripe', headers: request.headers, body: rawBody, secrets });
 * ```
 */
export function verifyWebhook(
  options: VerifyWebhookOptions & { readonly scheme: SchemeName | HmacScheme },
): WebhookVerification;
export function verifyWebhook(
  options: VerifyWebhookOptions & { readonly scheme: CustomScheme },
): Promise<WebhookVerification>;
export function verifyWebhook(
  options: VerifyWebhookOptions,
): WebhookVerification | Promise<WebhookVerification>;
export function verifyWebhook({
  headers,
  body,
  url,
  now,
  ...options
}: VerifyWebhookOptions): WebhookVerification | Promise<WebhookVerification> {
  const verifier = createWebhookVerifier(options);
  return verifier.verify({
    ...{ headers, body },
    ...(url === undefined ? {} : { url }),
    ...(now === undefined ? {} : { now }),
  });
}
