import { generateKeyPairSync, randomBytes } from 'node:crypto';

import { WebhookConfigError } from '../webhook-config-error.js';
import { SECRET_BYTES, publicBytesOf, verifyingKey } from './webhook-key.js';

/** Ways to sign: `v1` is HMAC-SHA256 with a shared secret, `v1a` Ed25519, whose receivers have the public key only. */
export const SIGNATURE_VERSIONS = ['v1', 'v1a'] as const;
export type SignatureVersion = (typeof SIGNATURE_VERSIONS)[number];

/**
 * Makes a secret to sign webhooks with: `whsec_…` (32 random bytes) for `v1`, `whsk_…` (seed and public key) for `v1a`.
 *
 * @example
 * ```ts
 * const secret = createWebhookSecret();
 * ```
 */
export function createWebhookSecret(version: SignatureVersion = 'v1'): string {
  if (version === 'v1') return `whsec_${randomBytes(SECRET_BYTES.made).toString('base64')}`;
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  // The seed is the end of the key's PKCS #8.
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  return `whsk_${Buffer.concat([seed, publicBytesOf(publicKey)]).toString('base64')}`;
}

/**
 * Gives the `whpk_…` that belongs to a `whsk_…`, for receivers. Pure.
 *
 * @throws {WebhookConfigError} SECRET_INVALID
 */
export function webhookPublicKey(secret: string): string {
  const key = verifyingKey(secret, 'secret');
  if (key.version === 'v1a') return `whpk_${publicBytesOf(key.publicKey).toString('base64')}`;
  throw new WebhookConfigError(
    'SECRET_INVALID',
    'secret',
    'The secret in "secret" is a "whsec_", which both sides share; only a "whsk_" has a public key.',
  );
}
