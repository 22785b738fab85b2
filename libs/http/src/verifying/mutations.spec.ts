import { expect, test } from '@jest/globals';

import { VECTORS, optionsOf, type Vector } from './support/vectors.js';
import { WebhookVerificationError, verifyWebhook } from './index.js';

const MUTATIONS = 10_000;
const SEED = 20_240_501;
/** Neither separates signatures nor is trimmed, as a comma or a space would be. */
const LETTERS = Array.from('ABCXYZabcxyz0189');
/** Senders do not sign these. */
const UNSIGNED = /delivery$|^x-shopify-webhook-id$|^content-type$/;

/** Repeatable numbers from 0 to 1 (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = numbers(SEED);
const below = (end: number): number => Math.floor(random() * end);
const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;

function mutateBytes(bytes: Buffer): Buffer {
  const at = below(bytes.length);
  switch (below(6)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << below(8);
      return flipped;
    }
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([below(256)]), bytes.subarray(at)]);
    case 3:
      return bytes.subarray(0, at);
    case 4:
      return Buffer.concat([bytes, Buffer.from(pick(['\n', ' ', '\0', '{}']))]);
    default:
      return Buffer.from(bytes).reverse();
  }
}

function mutateText(text: string): string {
  const at = below(text.length);
  switch (below(5)) {
    case 0:
      return text.slice(0, at) + pick(LETTERS) + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + pick(LETTERS) + text.slice(at);
    case 3:
      return text.slice(0, at);
    default:
      return text.slice(0, at) + text.slice(at + 1) + text.charAt(at);
  }
}

interface Sent {
  readonly headers: Record<string, string>;
  readonly body: Buffer;
  readonly url: string | undefined;
}

function mutate({ headers, body, url }: Vector): Sent {
  const sent: Sent = { headers: { ...headers }, body: Buffer.from(body), url };
  const signed = Object.keys(headers).filter((name) => !UNSIGNED.test(name));
  if (url !== undefined && below(4) === 0) {
    // The origin is ours.
    const [, origin = '', path = ''] = /^(https:\/\/[^/]+\/)(.*)$/.exec(url) ?? [];
    return { ...sent, url: origin + mutateText(path) };
  }
  if (below(2) === 0) return { ...sent, body: mutateBytes(sent.body) };
  const name = pick(signed);
  return { ...sent, headers: { ...sent.headers, [name]: mutateText(headers[name]!) } };
}

/** Content that a sender signs; two requests with the same are one to it. */
function meaning({ name }: Vector, { headers, body, url }: Sent): string {
  const fields = new URLSearchParams(body.toString());
  const content =
    name === 'twilio'
      ? [...new Set([...fields].map(([field, value]) => field + value))].sort().join('')
      : body.toString('latin1');
  return JSON.stringify([headers, content, url]);
}

test(`${MUTATIONS} mutations of valid requests are all refused`, () => {
  const accepted: unknown[] = [];
  let tried = 0;
  while (tried < MUTATIONS) {
    const vector = pick(VECTORS);
    const sent = mutate(vector);
    const original = { headers: vector.headers, body: Buffer.from(vector.body), url: vector.url };
    if (meaning(vector, sent) === meaning(vector, original)) continue;
    tried += 1;
    try {
      const { url, ...request } = sent;
      verifyWebhook({
        ...optionsOf(vector),
        ...request,
        ...(url === undefined ? {} : { url }),
      });
      accepted.push({ name: vector.name, ...sent, body: sent.body.toString() });
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error;
    }
  }
  expect(accepted).toEqual([]);
});
