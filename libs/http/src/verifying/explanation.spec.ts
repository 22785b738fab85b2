import { createHmac } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';

import { VECTORS, optionsOf } from './support/vectors.js';
import {
  hmac,
  verifyWebhook,
  type VerifyWebhookOptions,
  type WebhookVerificationError,
} from './index.js';

const refusedWith = (options: VerifyWebhookOptions): WebhookVerificationError => {
  try {
    verifyWebhook(options as VerifyWebhookOptions & { scheme: 'github' });
  } catch (error) {
    return error as WebhookVerificationError;
  }
  throw new Error('It was verified.');
};
const explained = (options: Partial<VerifyWebhookOptions>): string =>
  refusedWith({
    ...{ scheme: hmac({ header: 'x-signature' }), secrets: 'secret', headers: {} },
    ...{ body: Buffer.from('{}'), explain: true },
    ...options,
  }).explanation ?? 'none';
const signed = (body: string, secret = 'secret') => ({
  'x-signature': createHmac('sha256', secret).update(body).digest('hex'),
});

describe('an explanation', () => {
  const value = { text: 'ü / <b> "a,b:c"', list: [1, 2] };
  const compact = JSON.stringify(value);
  const ascii = compact.replace('ü', '\\u00fc');

  test.each([
    ['with an indent of two', JSON.stringify(value, undefined, 2), compact],
    ['without white space', compact, JSON.stringify(value, undefined, 2)],
    ['with a line end behind it', `${compact}\n`, compact],
    ['without white space at its ends', compact, `${compact}\n`],
    ['with escapes for what is not ASCII', ascii, compact],
    ['with "\\/" for "/"', compact.replace('/', '\\/'), compact],
    [
      'with escapes for "<", ">" and "&"',
      compact.replace('<', '\\u003c').replace('>', '\\u003e'),
      compact,
    ],
    ['with a space behind "," and ":"', '{"text": "ü / <b> \\"a,b:c\\"", "list": [1, 2]}', compact],
  ])('finds a body that was sent %s', (what, sent, received) => {
    const text = explained({ headers: signed(sent), body: Buffer.from(received) });
    expect(text).toContain(`the body ${what}`);
  });

  test.each([
    ['without white space around it', ' secret ', 'secret'],
    ['without quotes around it', '"secret"', 'secret'],
    ['without "whsec_" before it', 'whsec_secret', 'secret'],
    ['with "whsec_" before it', 'secret', 'whsec_secret'],
  ])('finds a secret that fits %s', (what, secrets, right) => {
    expect(explained({ secrets, headers: signed('{}', right) })).toContain(`the secret ${what}`);
  });

  test('names the scheme that the request was made for', () => {
    const stripe = VECTORS.find(({ name }) => name === 'stripe')!;
    const text = explained({ headers: stripe.headers, scheme: 'github' });
    expect(text).toContain('"stripe-signature" of the scheme "stripe"');
  });

  test('says how far the clocks are apart', () => {
    const standard = VECTORS.find(({ name }) => name === 'standard')!;
    const options = { ...optionsOf(standard), explain: true };
    const late = { ...options, now: options.now + 3_600_000 };
    expect(explained(late)).toContain('3600 s behind this clock; 300 s are allowed');
  });

  test('asks for the URL, where it is signed', () => {
    const square = VECTORS.find(({ name }) => name === 'square')!;
    const url = 'https://example.com/other';
    expect(explained({ ...optionsOf(square), explain: true, url })).toContain(url);
  });

  test('of an empty body looks for a parser', () => {
    expect(explained({ headers: signed('{}'), body: Buffer.alloc(0) })).toContain('body parser');
  });

  test('is not made in production, nor when it is not wanted', () => {
    const options = { headers: signed('x') };
    expect(explained({ ...options, explain: false })).toBe('none');
    const { NODE_ENV } = process.env;
    try {
      process.env['NODE_ENV'] = 'production';
      const { explanation } = refusedWith({
        ...{ scheme: hmac({ header: 'x-signature' }), secrets: 'secret' },
        ...{ ...options, body: Buffer.from('{}') },
      });
      expect(explanation).toBeUndefined();
    } finally {
      process.env['NODE_ENV'] = NODE_ENV;
    }
  });

  test('is not part of the message, which the sender may see', () => {
    const error = refusedWith({
      ...{ scheme: hmac({ header: 'x-signature' }), secrets: 'secret', explain: true },
      ...{ headers: signed('x'), body: Buffer.from('{}') },
    });
    expect(error.message).not.toContain(error.explanation);
  });
});
