import { ConfigError } from '@leanmq/core';

/** The stable codes of {@link WebhookConfigError}. */
export const WEBHOOK_CONFIG_CODES = [
  'SECRET_INVALID',
  'SCHEME_INVALID',
  'WEBHOOK_ID_INVALID',
  'WEBHOOK_TIMESTAMP_INVALID',
  'WEBHOOK_BODY_INVALID',
  'WEBHOOK_OPTION_INVALID',
  'RAW_BODY_UNAVAILABLE',
] as const;
export type WebhookConfigCode = (typeof WEBHOOK_CONFIG_CODES)[number];

/**
 * Something that signs or verifies webhooks cannot work as it is set up: a mistake of the program, never of a sender.
 * `field` names the option; the message names the remedy and never holds a secret.
 */
export class WebhookConfigError extends ConfigError {
  declare readonly code: WebhookConfigCode;
  readonly field: string;

  constructor(
    code: WebhookConfigCode,
    field: string,
    message: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(message, { ...options, code });
    this.field = field;
  }
}
