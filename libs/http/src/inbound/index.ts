export type { DedupeOptions } from './dedupe-options.js';
export type { InboundRequest } from './inbound-request.js';
export type { InboundSecrets, SecretsFactory, SecretsOfRequest } from './inbound-secrets.js';
export { InboundWebhooksModule } from './inbound-webhooks.module.js';
export type { VerificationOptions } from './verification-options.js';
export type { VerifiedWebhookOptions } from './verified-webhook-options.js';
export { Verified, VerifiedWebhook } from './verified-webhook.js';
export type { InboundWebhook, IngressRoute } from './ingress/ingress-options.js';
export { WebhookIngress } from './ingress/webhook-ingress.js';
