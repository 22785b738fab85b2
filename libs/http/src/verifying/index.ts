export { hmac, type HmacScheme } from './hmac-scheme.js';
export {
  SCHEME_NAMES,
  type CustomScheme,
  type CustomSchemeRequest,
  type SchemeName,
  type WebhookScheme,
} from './schemes.js';
export { REFUSALS, WebhookVerificationError, type RefusalReason } from './verification-error.js';
export {
  createWebhookVerifier,
  schemeTraits,
  type SchemeTraits,
  type VerifierOptions,
  type WebhookVerifier,
} from './verifier.js';
export { verifyWebhook, type VerifyWebhookOptions } from './verify-webhook.js';
export type { RequestHeaders, WebhookVerification, WebhookRequest } from './webhook-request.js';
