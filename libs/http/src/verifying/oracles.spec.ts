import { describe, expect, test } from '@jest/globals';
import { sign as githubSign, verify as githubVerify } from '@octokit/webhooks-methods';
import fc from 'fast-check';
import { WebhooksHelper } from 'square';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as Svix } from 'svix';
import twilio from 'twilio';

import { createWebhookSecret, hmacSigner, signWebhook } from '../signing/index.js';
import { verifyWebhook } from './index.js';

/** Oracles keep to this machine's clock. */
const seconds = Math.floor(Date.now() / 1_000);
const RUNS = { numRuns: 50, seed: 7 };
const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const json = fc.json({ maxDepth: 3 });
const secretText = fc.stringMatching(/^[!-~]{1,40}$/);

describe('standardwebhooks and svix', () => {
  test.each([
    ['standardwebhooks', 'standard', 'webhook', (secret: string) => new StandardWebhook(secret)],
    ['svix', 'svix', 'svix', (secret: string) => new Svix(secret)],
  ] as const)(
    '%s and verifyWebhook accept what the other side signs',
    (_, scheme, prefix, make) => {
      fc.assert(
        fc.property(json, fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/), (body, id) => {
          const secret = createWebhookSecret();
          const oracle = make(secret);
          const theirs = oracle.sign(id, new Date(seconds * 1_000), body);
          const ours = signWebhook({ id, timestamp: seconds, body, secret });
          expect(ours).toBe(theirs);
          const headers = {
            [`${prefix}-id`]: id,
            [`${prefix}-timestamp`]: String(seconds),
            [`${prefix}-signature`]: theirs,
          };
          const proved = verifyWebhook({
            scheme,
            headers,
            body: Buffer.from(body),
            secrets: secret,
          });
          expect(proved).toEqual({ id, timestamp: seconds, secretIndex: 0 });
          expect(oracle.verify(body, headers)).toEqual(JSON.parse(body));
        }),
        RUNS,
      );
    },
  );
});

describe('stripe', () => {
  const { webhooks } = new Stripe('sk_test_unused');
  const ours = { header: 'Stripe-Signature', template: '{timestamp}.{body}' };

  test('verifyWebhook accepts what stripe signs, and stripe what hmacSigner signs', () => {
    fc.assert(
      fc.property(json, secretText, (body, secret) => {
        const header = webhooks.generateTestHeaderString({ payload: body, secret });
        const proved = verifyWebhook({
          ...{ scheme: 'stripe', headers: { 'stripe-signature': header } },
          ...{ body: Buffer.from(body), secrets: secret },
        });
        expect(proved).toMatchObject({ secretIndex: 0 });
        const sign = hmacSigner({ ...ours, format: 't={timestamp},v1={signature}', secret });
        const signed = sign({ id: 'a', timestamp: seconds, body })['stripe-signature']!;
        expect(webhooks.constructEvent(body, signed, secret)).toEqual(JSON.parse(body));
      }),
      RUNS,
    );
  });
});

describe('@octokit/webhooks-methods', () => {
  test('verifyWebhook accepts what it signs, and it what hmacSigner signs', async () => {
    await fc.assert(
      fc.asyncProperty(text.filter(Boolean), secretText, async (body, secret) => {
        const headers = { 'x-hub-signature-256': await githubSign(secret, body) };
        verifyWebhook({ scheme: 'github', headers, body: Buffer.from(body), secrets: secret });
        const sign = hmacSigner({ header: 'x-sig', format: 'sha256={signature}', secret });
        const signed = sign({ id: 'a', timestamp: seconds, body })['x-sig']!;
        expect(await githubVerify(secret, body, signed)).toBe(true);
      }),
      RUNS,
    );
  });
});

describe('square', () => {
  const notificationUrl = 'https://example.com/square?x=1';

  test('accepts what hmacSigner signs, as verifyWebhook does', async () => {
    await fc.assert(
      fc.asyncProperty(json, secretText, async (body, secret) => {
        const sign = hmacSigner({
          ...{ header: 'x-square-hmacsha256-signature', template: '{url}{body}' },
          ...{ encoding: 'base64', secret },
        });
        const headers = sign({ id: 'a', timestamp: seconds, body, url: notificationUrl });
        const signatureHeader = headers['x-square-hmacsha256-signature']!;
        const oracle = { requestBody: body, signatureHeader, signatureKey: secret };
        expect(await WebhooksHelper.verifySignature({ ...oracle, notificationUrl })).toBe(true);
        verifyWebhook({
          ...{ scheme: 'square', headers, body: Buffer.from(body), secrets: secret },
          url: notificationUrl,
        });
      }),
      RUNS,
    );
  });
});

describe('twilio', () => {
  const { getExpectedTwilioSignature, validateRequest, validateRequestWithBody } = twilio;
  const fields = fc.dictionary(
    fc.stringMatching(/^[A-Za-z]{1,12}$/),
    fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })),
  );
  const url = fc.constantFrom(
    'https://example.com/sms',
    'https://example.com:443/sms?a=b%20c&d',
    "https://example.com:8443/it's?x=(1)",
    'http://user:pass@example.com/sms?x=1',
  );

  test('verifyWebhook accepts forms that it signs', () => {
    fc.assert(
      fc.property(fields, url, secretText, (params, called, secret) => {
        const signature = getExpectedTwilioSignature(secret, called, params);
        const body = new URLSearchParams();
        for (const [name, value] of Object.entries(params)) {
          for (const each of [value].flat()) body.append(name, each);
        }
        const isItsOwn = validateRequest(secret, signature, called, params);
        const verify = () =>
          verifyWebhook({
            scheme: 'twilio',
            headers: {
              'x-twilio-signature': signature,
              'content-type': 'application/x-www-form-urlencoded',
            },
            ...{ body: Buffer.from(body.toString()), secrets: secret, url: called },
          });
        // Its signature leaves a port in; its check takes one out, unless it is the usual.
        if (isItsOwn) expect(verify).not.toThrow();
        else expect(verify).toThrow();
      }),
      RUNS,
    );
  });

  test('both accept a JSON body whose digest is in the URL, and no other body', () => {
    fc.assert(
      fc.property(json, secretText, (body, secret) => {
        const digest = twilio.getExpectedBodyHash(body);
        const called = `https://example.com/hook?bodySHA256=${digest}`;
        const signature = getExpectedTwilioSignature(secret, called, {});
        const headers = { 'x-twilio-signature': signature, 'content-type': 'application/json' };
        const options = { scheme: 'twilio', headers, secrets: secret, url: called } as const;
        expect(validateRequestWithBody(secret, signature, called, body)).toBe(true);
        verifyWebhook({ ...options, body: Buffer.from(body) });
        expect(() => verifyWebhook({ ...options, body: Buffer.from(`${body} `) })).toThrow();
      }),
      RUNS,
    );
  });
});
