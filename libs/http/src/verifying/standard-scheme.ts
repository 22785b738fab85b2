import { createHmac, verify } from 'node:crypto';

import { verifyingKey, type WebhookKey } from '../signing/index.js';
import { anySignature } from './same-text.js';
import { FIVE_MINUTES_MS, SECONDS, type Claim, type Scheme } from './scheme.js';
import { malformed } from './verification-error.js';
import { headerOf, type ReadRequest } from './webhook-request.js';

const MOST_SIGNATURES = 32;
const ED25519_SIGNATURE = /^[A-Za-z0-9+/]{86}==$/;
/** Visible ASCII without a full stop, which would let what is signed be divided in another way. */
const ID = /^[!-~]{1,256}$/;

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
export const standard: Scheme<WebhookKey> = {
  name: 'standard',
  header: 'webhook-signature',
  toleranceMs: FIVE_MINUTES_MS,
  needsUrl: false,
  eventHeaders: [],
  key: verifyingKey,
  read: (request) => standardClaim(request, 'webhook'),
};

/** Svix's own names of the headers; what has none of these is read as `standard`. */
export const svix: Scheme<WebhookKey> = {
  ...standard,
  name: 'svix',
  header: 'svix-signature',
  read: (request) => {
    const isBranded = ['id', 'timestamp', 'signature'].some((each) =>
      request.headers.has(`svix-${each}`),
    );
    return standardClaim(request, isBranded ? 'svix' : 'webhook');
  },
};

/** @param prefix of the three headers' names */
export function standardClaim(request: ReadRequest, prefix: string): Claim<WebhookKey> {
  const id = headerOf(request, `${prefix}-id`);
  const time = headerOf(request, `${prefix}-timestamp`);
  const entries = headerOf(request, `${prefix}-signature`).split(' ');
  if (!ID.test(id) || id.includes('.')) {
    throw malformed(`Header "${prefix}-id" is not an id: 1 to 256 visible characters but ".".`);
  }
  if (!SECONDS.test(time)) throw malformed(`Header "${prefix}-timestamp" is not whole seconds.`);
  const wellFormed = entries.filter((entry) => /^v\d+[a-z]*,[A-Za-z0-9+/]+={0,2}$/.test(entry));
  if (wellFormed.length === 0 || entries.length > MOST_SIGNATURES) {
    throw malformed(`Header "${prefix}-signature" has no signatures, or too many.`);
  }
  const of = (version: string): string[] =>
    wellFormed
      .filter((entry) => entry.startsWith(`${version},`))
      .map((entry) => entry.slice(version.length + 1));
  const head = `${id}.${time}.`;
  const [hmacs, eds] = [of('v1'), of('v1a')];
  return {
    sentAtMs: Number(time) * 1_000,
    id: () => id,
    proves: (key) =>
      key.version === 'v1'
        ? anySignature(hmacs, hmac(key, head, request.body))
        : eds.some((signature) => isSigned(key, head, request.body, signature)),
  };
}

function hmac({ key }: WebhookKey & { version: 'v1' }, head: string, body: Buffer): string {
  return createHmac('sha256', key).update(head).update(body).digest('base64');
}

function isSigned(
  { publicKey }: WebhookKey & { version: 'v1a' },
  head: string,
  body: Buffer,
  signature: string,
): boolean {
  const bytes = Buffer.from(signature, 'base64');
  // Two texts for the same bytes would be two signatures.
  if (!ED25519_SIGNATURE.test(signature) || bytes.toString('base64') !== signature) return false;
  return verify(null, Buffer.concat([Buffer.from(head), body]), publicKey, bytes);
}
