import { createHash, createHmac, type KeyObject } from 'node:crypto';

import { hmacSecret } from '../signing/index.js';
import { anySignature, sameSignature } from './same-text.js';
import type { Scheme } from './scheme.js';
import { WebhookVerificationError, malformed } from './verification-error.js';
import { headerOf, optionalHeader, type ReadRequest } from './webhook-request.js';

const SHAPES = Object.freeze({ sha1: /^[A-Za-z0-9+/]{27}=$/, sha256: /^[A-Za-z0-9+/]{43}=$/ });

/**
 * https://www.twilio.com/docs/usage/webhooks/webhooks-security. The URL is signed with the fields of a form behind it; of
 * any other body only its digest, in the query of the URL.
 */
export const twilio: Scheme<KeyObject> = {
  name: 'twilio',
  header: 'x-twilio-signature',
  toleranceMs: undefined,
  needsUrl: true,
  eventHeaders: [],
  key: (secret, field) => hmacSecret(secret, field),
  read(request) {
    const signature = headerOf(request, 'x-twilio-signature');
    const settings = optionalHeader(request, 'x-twilio-webhooks-signature-settings');
    const algorithm = settings?.includes('HMAC_SHA256') === true ? 'sha256' : 'sha1';
    if (!SHAPES[algorithm].test(signature)) {
      throw malformed('Header "x-twilio-signature" has no signature of the scheme "twilio".');
    }
    const fields = signedFields(request);
    const signed = [withoutPort(request.url), withPort(request.url)].map((url) => url + fields);
    return {
      id: () => undefined,
      proves: (key) => {
        // The port may or may not be in what was signed.
        const [one = '', other = ''] = signed.map((text) =>
          createHmac(algorithm, key).update(text).digest('base64'),
        );
        return [anySignature([signature], one), anySignature([signature], other)].includes(true);
      },
    };
  },
};

/** @throws {WebhookVerificationError} `malformed` for a body that no signature covers */
function signedFields(request: ReadRequest): string {
  const { body, url } = request;
  const digest = URL.canParse(url) ? new URL(url).searchParams.get('bodySHA256') : null;
  if (digest !== null) {
    const right = createHash('sha256').update(body).digest('hex');
    if (sameSignature(digest, right)) return '';
    throw new WebhookVerificationError(
      'signature',
      'The body is not the one whose digest is in the URL ("bodySHA256").',
    );
  }
  if (body.length === 0) return '';
  const type = optionalHeader(request, 'content-type') ?? '';
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) return formFields(body);
  throw malformed('The body is not a form, and the URL has no digest of it ("bodySHA256").');
}

function formFields(body: Buffer): string {
  const fields = new Map<string, Set<string>>();
  for (const [name, value] of new URLSearchParams(body.toString())) {
    fields.set(name, (fields.get(name) ?? new Set()).add(value));
  }
  return [...fields.keys()]
    .sort()
    .flatMap((name) => [...(fields.get(name) ?? [])].sort().map((value) => name + value))
    .join('');
}

const AUTHORITY = /^([a-z][a-z0-9+.-]*):\/\/((?:[^/?#]*@)?(?:\[[^\]]*\]|[^/?#:]*))(:\d*)?/i;

function withoutPort(url: string): string {
  return url.replace(AUTHORITY, '$1://$2');
}

function withPort(url: string): string {
  return url.replace(AUTHORITY, (whole, scheme: string, host: string, port?: string) => {
    if (port !== undefined) return whole;
    return `${scheme}://${host}:${scheme.toLowerCase() === 'https' ? 443 : 80}`;
  });
}
