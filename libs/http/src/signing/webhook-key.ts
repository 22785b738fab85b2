import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';

import { WebhookConfigError } from '../webhook-config-error.js';

/** The key that a secret of Standard Webhooks stands for. A `KeyObject` shows its bytes to no log. */
export type WebhookKey =
  | { readonly version: 'v1'; readonly key: KeyObject }
  | {
      readonly version: 'v1a';
      readonly publicKey: KeyObject;
      /** Undefined of a `whpk_`, which verifies only. */
      readonly privateKey: KeyObject | undefined;
    };

/** Sizes of an HMAC secret, in bytes. Svix gives out up to 75; the specification says 64. */
export const SECRET_BYTES = Object.freeze({ least: 24, most: 64, mostVerified: 75, made: 32 });

const ED25519_BYTES = 32;
/** Bytes before the 32 of an Ed25519 key in PKCS #8 and in SPKI (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * Reads a secret for signing: `whsec_` or `whsk_`. Pure.
 *
 * @param field names the secret in an error
 * @throws {WebhookConfigError} SECRET_INVALID
 */
export function signingKey(secret: string, field: string): WebhookKey {
  const key = webhookKey(secret, field, SECRET_BYTES.most);
  if (key.version === 'v1a' && key.privateKey === undefined) {
    throw invalid(field, 'is a public key, which verifies only; sign with its "whsk_"');
  }
  return key;
}

/**
 * Reads a secret for verification: `whsec_`, `whpk_` or `whsk_`. Pure.
 *
 * @param field names the secret in an error
 * @throws {WebhookConfigError} SECRET_INVALID
 */
export function verifyingKey(secret: string, field: string): WebhookKey {
  return webhookKey(secret, field, SECRET_BYTES.mostVerified);
}

/** Makes a private key of its seed. */
export function privateKeyOf(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
}

/** The 32 bytes of a public key, or of the public half of a private one. */
export function publicBytesOf(key: KeyObject): Buffer {
  const publicKey = key.type === 'public' ? key : createPublicKey(key);
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI.length);
}

function webhookKey(secret: string, field: string, mostBytes: number): WebhookKey {
  if (typeof secret !== 'string') {
    throw invalid(field, `is of type ${typeof secret}; give a text that begins with "whsec_"`);
  }
  const [, prefix, encoded = ''] = /^(whsec|whsk|whpk)_(.*)$/s.exec(secret) ?? [];
  if (prefix === undefined) throw invalid(field, `has no prefix; ${prefixHint(secret)}`);
  const bytes = strictBase64(encoded, field, prefix);
  switch (prefix) {
    case 'whsec':
      return hmacKey(bytes, field, mostBytes);
    case 'whsk':
      return privateKey(bytes, field);
    default:
      return publicKey(bytes, field);
  }
}

function hmacKey(bytes: Buffer, field: string, most: number): WebhookKey {
  const { least } = SECRET_BYTES;
  if (bytes.length < least || bytes.length > most) {
    throw invalid(field, `has ${bytes.length} bytes after "whsec_"; allowed: ${least} to ${most}`);
  }
  return { version: 'v1', key: createSecretKey(bytes) };
}

/** Two ways of writing it are in use: the seed alone, and the seed with the public key behind it. */
function privateKey(bytes: Buffer, field: string): WebhookKey {
  if (bytes.length !== ED25519_BYTES && bytes.length !== 2 * ED25519_BYTES) {
    throw invalid(field, `has ${bytes.length} bytes after "whsk_"; allowed: 32 (seed) or 64`);
  }
  const key = privateKeyOf(bytes.subarray(0, ED25519_BYTES));
  const given = bytes.subarray(ED25519_BYTES);
  if (given.length > 0 && !given.equals(publicBytesOf(key))) {
    throw invalid(field, 'holds a public key that does not belong to its seed; was it cut?');
  }
  return { version: 'v1a', privateKey: key, publicKey: createPublicKey(key) };
}

function publicKey(bytes: Buffer, field: string): WebhookKey {
  if (bytes.length !== ED25519_BYTES) {
    throw invalid(field, `has ${bytes.length} bytes after "whpk_"; allowed: 32`);
  }
  const key = createPublicKey({ key: Buffer.concat([SPKI, bytes]), format: 'der', type: 'spki' });
  return { version: 'v1a', publicKey: key, privateKey: undefined };
}

/** Node reads whatever it can: of a secret with one wrong character a part would be left, and sign. */
function strictBase64(encoded: string, field: string, prefix: string): Buffer {
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length > 0 && bytes.toString('base64') === encoded) return bytes;
  const why = encoded === '' ? 'has nothing' : 'is not base64 (with its padding)';
  throw invalid(field, `${why} after "${prefix}_"; copy it again, without quotes or white space`);
}

function prefixHint(secret: string): string {
  if (/^v1a?,wh/.test(secret)) return 'take away what stands before "whsec_"';
  if (/^\s/.test(secret)) return 'take away the white space before it';
  return 'give "whsec_…", "whsk_…" or "whpk_…"';
}

function invalid(field: string, what: string): WebhookConfigError {
  return new WebhookConfigError('SECRET_INVALID', field, `The secret in "${field}" ${what}.`);
}
