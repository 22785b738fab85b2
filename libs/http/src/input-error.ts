import { LeanMQError } from '@leanmq/core';

/** The stable codes of {@link WebhookInputError}. */
export const WEBHOOK_INPUT_CODES = [
  'URL_MALFORMED',
  'URL_SCHEME',
  'URL_PORT',
  'URL_CREDENTIALS',
  'HOST_BLOCKED',
  'ADDRESS_BLOCKED',
  'HOST_UNRESOLVED',
  'FIELD_UNKNOWN',
  'FIELD_INVALID',
  'ID_INVALID',
  'ROUTES_MISSING',
  'ROUTE_INVALID',
  'PATTERN_INVALID',
  'TYPE_INVALID',
  'FILTER_OPERATOR',
  'FILTER_KEY',
  'FILTER_VALUE',
  'FILTER_TOO_DEEP',
  'FILTER_TOO_LARGE',
  'FUNCTION_UNKNOWN',
  'HEADER_NAME',
  'HEADER_RESERVED',
  'HEADER_VALUE',
  'AUTH_INVALID',
  'CERTIFICATE_INVALID',
  'SECRET_INVALID',
  'SECRETS_FULL',
  'SCHEDULE_INVALID',
  'RATE_INVALID',
  'ENDPOINT_LIMIT',
  'ENDPOINT_CONFLICT',
  'REPLAY_RANGE',
] as const;
export type WebhookInputCode = (typeof WEBHOOK_INPUT_CODES)[number];

/**
 * A value that a caller gave for a webhook endpoint is not acceptable. `field` names it, with dots for what is nested,
 * such as `delivery.timeoutMs`. The message names what was given and the remedy, and never holds a secret.
 */
export class WebhookInputError extends LeanMQError {
  declare readonly code: WebhookInputCode;
  readonly field: string;

  constructor(
    code: WebhookInputCode,
    field: string,
    message: string,
    options: { readonly retryable?: boolean; readonly cause?: unknown } = {},
  ) {
    super(code, message, options);
    this.field = field;
  }
}
