export {
  DISABLE_WARNINGS,
  disableVerdict,
  type DisableVerdict,
  type Failing,
} from './auto-disable.js';
export {
  CLOSED,
  HALF_OPEN,
  breakerPermit,
  nextBreaker,
  type Breaker,
  type BreakerEvent,
  type BreakerPermit,
} from './breaker.js';
export { compileFilter } from './compile-filter.js';
export {
  DELIVERY_DEFAULTS,
  type BodyFormat,
  type DeliveryOptions,
  type ResolvedDelivery,
  type WhileDisabled,
} from './delivery-options.js';
export type {
  AuthInput,
  Endpoint,
  EndpointAuth,
  EndpointInput,
  HeaderInput,
  SigningSecret,
} from './endpoint.js';
export type { CompiledFilter, Filter, FilterEvent } from './filter.js';
export { longestSpanMs, retryDelayMs, type FailedAttempt } from './retry-schedule.js';
export { ROTATION_OVERLAP_MS, rotateSecrets, validSecrets } from './rotate-secrets.js';
export { eventTypeOf, matchesAny } from './route-patterns.js';
export { SecretUnreadableError, SecretVault, type EncryptionKey } from './secret-vault.js';
export { Secret } from './secret.js';
export {
  isOutdated,
  isSameEndpoint,
  openEndpoint,
  sealEndpoint,
  tlsOf,
} from './stored-endpoint.js';
export { resolveDelivery, validDelivery } from './valid-delivery.js';
export { validEndpoint, validId, validSecret, type EndpointRules } from './valid-endpoint.js';
export {
  webhookBody,
  webhookHeaders,
  type OutgoingMessage,
  type WebhookBody,
} from './webhook-request.js';
