import { WebhookInputError } from '../input-error.js';
import type { SigningSecret } from './endpoint.js';
import type { Secret } from './secret.js';
import { invalid } from './text-rules.js';

/** Each of them signs each request: receivers with any of them can verify it. */
const MAX_SECRETS = 5;
const MAX_OVERLAP_MS = 7 * 24 * 3_600_000;
/** @default overlap of a rotation, ms */
export const ROTATION_OVERLAP_MS = 24 * 3_600_000;

/** The secrets that sign now, the newest first. Pure. */
export function validSecrets(secrets: readonly SigningSecret[], now: number): SigningSecret[] {
  return secrets.filter(({ validUntil }) => validUntil === undefined || validUntil > now);
}

/**
 * Puts a new secret in front; the one before it stays valid for the overlap, those before that for as long as they were.
 * Pure.
 *
 * @param now epoch ms
 * @throws {WebhookInputError} SECRETS_FULL if five would be valid; FIELD_INVALID for the overlap
 */
export function rotateSecrets(
  secrets: readonly SigningSecret[],
  secret: Secret,
  now: number,
  overlapMs = ROTATION_OVERLAP_MS,
): readonly SigningSecret[] {
  if (!Number.isSafeInteger(overlapMs) || overlapMs < 0 || overlapMs > MAX_OVERLAP_MS) {
    const allowed = `a whole number of ms from 0 to ${MAX_OVERLAP_MS} (seven days)`;
    throw invalid('FIELD_INVALID', 'overlapMs', overlapMs, allowed);
  }
  // The same again, as by a repeated call, is no rotation.
  if (secrets[0]?.secret.equals(secret)) return secrets;
  const ended = secrets
    .filter((each) => !each.secret.equals(secret))
    .map((each) => ({ ...each, validUntil: each.validUntil ?? now + overlapMs }));
  const kept = validSecrets(ended, now);
  if (kept.length < MAX_SECRETS) return [{ secret, validUntil: undefined }, ...kept];
  const first = Math.min(...kept.map(({ validUntil }) => validUntil ?? Infinity));
  throw new WebhookInputError(
    'SECRETS_FULL',
    'secret',
    `${MAX_SECRETS} secrets of the endpoint are valid; rotate again after ${new Date(first).toISOString()}, or with "overlapMs" 0 now.`,
    { retryable: true },
  );
}
