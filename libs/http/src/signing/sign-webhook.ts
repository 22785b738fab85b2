import { createHmac, sign } from 'node:crypto';

import { show } from '@leanmq/core/internal';

import { WebhookConfigError } from '../webhook-config-error.js';
import { signedContent, type WebhookToSign } from './signed-content.js';
import { signingKey, type WebhookKey } from './webhook-key.js';

/**
 * Signs where the key is, such as in a key management service. Resolves to one signature with its version,
 * `v1a,<base64>`.
 *
 * @param content what is signed: `id.timestamp.body`
 */
export type WebhookSigner = (content: Buffer) => string | Promise<string>;

type Secret = string | WebhookSigner;
type Sign = (content: Buffer) => string | Promise<string>;

const SIGNATURE = /^v\d+[a-z]*,[A-Za-z0-9+/]+={0,2}$/;

/**
 * Signs a webhook as Standard Webhooks 1.0.0 says; returns the value of the header `webhook-signature`, with one
 * signature for each secret: during a rotation give them all, the newest first.
 *
 * @throws {WebhookConfigError} for a secret, an id or a time that is not acceptable; names it as `field`
 * @example
 * ```ts
 * const signature = signWebhook({ id: 'msg_1', timestamp: 1614265330, body: '{}', secret });
 * ```
 */
export function signWebhook(
  webhook: WebhookToSign & { readonly secret: string | readonly string[] },
): string;
export function signWebhook(
  webhook: WebhookToSign & { readonly secret: Secret | readonly Secret[] },
): Promise<string>;
export function signWebhook({
  secret,
  ...webhook
}: WebhookToSign & { readonly secret: Secret | readonly Secret[] }): string | Promise<string> {
  return webhookSigner(secret)(webhook);
}

/**
 * Prepares the secrets once, for many webhooks; see {@link signWebhook}.
 *
 * @throws {WebhookConfigError} for a secret that cannot sign
 */
export function webhookSigner(
  secret: string | readonly string[],
): (webhook: WebhookToSign) => string;
export function webhookSigner(
  secret: Secret | readonly Secret[],
): (webhook: WebhookToSign) => string | Promise<string>;
export function webhookSigner(
  secret: Secret | readonly Secret[],
): (webhook: WebhookToSign) => string | Promise<string> {
  const signs = listed(secret).map(([each, field]) => signOf(each, field));
  return (webhook) => {
    const content = signedContent(webhook);
    const signatures = signs.map((sign) => sign(content));
    if (areTexts(signatures)) return signatures.join(' ');
    return joined(signatures);
  };
}

function listed(secret: Secret | readonly Secret[]): (readonly [Secret, string])[] {
  if (typeof secret === 'string' || typeof secret === 'function') return [[secret, 'secret']];
  if (Array.isArray(secret) && secret.length > 0) {
    return (secret as readonly Secret[]).map((each, index) => [each, `secret[${index}]`]);
  }
  throw new WebhookConfigError(
    'SECRET_INVALID',
    'secret',
    `There is no secret to sign with: "secret" is ${Array.isArray(secret) ? 'an empty list' : `of type ${typeof secret}`}.`,
  );
}

function signOf(secret: Secret, field: string): Sign {
  if (typeof secret === 'function') return (content) => checked(secret(content), field);
  const key = signingKey(secret, field);
  return (content) => signature(key, content);
}

function signature(key: WebhookKey, content: Buffer): string {
  if (key.version === 'v1') {
    return `v1,${createHmac('sha256', key.key).update(content).digest('base64')}`;
  }
  if (key.privateKey === undefined) throw new TypeError('A public key cannot sign.');
  return `v1a,${sign(null, content, key.privateKey).toString('base64')}`;
}

function checked(given: string | Promise<string>, field: string): string | Promise<string> {
  return isThenable(given)
    ? Promise.resolve(given).then((late) => wellFormed(late, field))
    : wellFormed(given, field);
}

function wellFormed(given: string, field: string): string {
  if (typeof given === 'string' && SIGNATURE.test(given)) return given;
  throw new WebhookConfigError(
    'SECRET_INVALID',
    field,
    `The signer in "${field}" returned ${show(given)}; return a version and a signature in base64, such as "v1a,…".`,
  );
}

async function joined(signatures: readonly (string | Promise<string>)[]): Promise<string> {
  return (await Promise.all(signatures.map(async (each) => each))).join(' ');
}

function isThenable(value: unknown): value is Promise<string> {
  return typeof (Object(value) as Partial<Promise<string>>).then === 'function';
}

function areTexts(signatures: readonly unknown[]): signatures is string[] {
  return signatures.every((each) => typeof each === 'string');
}
