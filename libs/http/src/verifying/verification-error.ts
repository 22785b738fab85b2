import { LeanMQError } from '@leanmq/core';

/**
 * Grounds for refusing a request: a header is `missing` or `malformed`, its time is too far from this clock
 * (`timestamp`), or no secret makes its `signature`.
 */
export const REFUSALS = ['missing', 'malformed', 'timestamp', 'signature'] as const;
export type RefusalReason = (typeof REFUSALS)[number];

const CODES = Object.freeze({
  missing: 'WEBHOOK_MISSING',
  malformed: 'WEBHOOK_MALFORMED',
  timestamp: 'WEBHOOK_TIMESTAMP',
  signature: 'WEBHOOK_SIGNATURE',
} satisfies Record<RefusalReason, string>);

/** A request was not proved to come from its sender. Its message may be shown to the sender; `explanation` may not. */
export class WebhookVerificationError extends LeanMQError {
  readonly reason: RefusalReason;
  /** Most likely cause, found by trying variations; outside of production only. */
  readonly explanation: string | undefined;

  constructor(
    reason: RefusalReason,
    message: string,
    options: { readonly explanation?: string; readonly cause?: unknown } = {},
  ) {
    super(CODES[reason], message, options);
    this.reason = reason;
    this.explanation = options.explanation;
  }
}

export const missing = (header: string): WebhookVerificationError =>
  new WebhookVerificationError('missing', `Header "${header}" is missing.`);

export const malformed = (what: string): WebhookVerificationError =>
  new WebhookVerificationError('malformed', what);
