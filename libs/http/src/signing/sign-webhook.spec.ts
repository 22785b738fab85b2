import { createPublicKey, verify } from 'node:crypto';
import { inspect } from 'node:util';

import { ConfigError } from '@leanmq/core';
import { describe, expect, test } from '@jest/globals';

import {
  createWebhookSecret,
  signWebhook,
  webhookId,
  webhookPublicKey,
  webhookSigner,
} from './index.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const SEED = 'whsk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=';
const BOTH =
  'whsk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwfqSmxj4pxSCr71UHsTLsX5lUd2rr6+e5JCHuppFEbSLA==';

describe('signWebhook', () => {
  test.each([
    [
      'the example of the specification',
      {
        id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        timestamp: 1614265330,
        body: '{"test": 2432232314}',
        secret: SECRET,
      },
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    ],
    [
      'text beyond ASCII',
      { id: 'msg_utf8', timestamp: 1700000000, body: '{"note":"Grüße 😀"}', secret: SECRET },
      'v1,10MIjpe/7dWeJqt3IQGRQkQBJ0XY+7jP1ogECD2BmvE=',
    ],
    [
      'two secrets',
      {
        id: 'msg_rot',
        timestamp: 1700000000,
        body: '{}',
        secret: [
          'whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB',
          'whsec_AgICAgICAgICAgICAgICAgICAgICAgIC',
        ],
      },
      'v1,cbXFy0VQLajo9dcCi9QaCHdPClN1mNrcn+k5XWbN/Jo= v1,A6ntmtxInMFRsk5nRrB4epKmkAF7lpIWHAjAIm9LGRY=',
    ],
    [
      'Ed25519',
      { id: 'msg_ed', timestamp: 1700000000, body: '{"a":1}', secret: BOTH },
      'v1a,MGsZIzibKPslFgYC8RUzH5qxJkT7TDKPq1Lw8wwGtK5c0nYTKThucnaZU//BNCM8ZEvrLJaq3XwgQlGWBiO6Bw==',
    ],
  ])('gives the known signature for %s', (_, webhook, signature) => {
    expect(signWebhook(webhook)).toBe(signature);
  });

  test('signs bytes, a text and a Date alike', () => {
    const webhook = { id: 'a', timestamp: 1700000000, body: 'ü', secret: SECRET };
    const signature = signWebhook(webhook);
    expect(signWebhook({ ...webhook, body: Buffer.from('ü') })).toBe(signature);
    expect(signWebhook({ ...webhook, timestamp: new Date(1700000000_999) })).toBe(signature);
  });

  test('reads a whsk_ as its seed alone too', () => {
    const webhook = { id: 'a', timestamp: 1700000000, body: '' };
    expect(signWebhook({ ...webhook, secret: SEED })).toBe(
      signWebhook({ ...webhook, secret: BOTH }),
    );
  });

  test('leaves the signature to a function, beside other secrets', async () => {
    const seen: string[] = [];
    const signature = await signWebhook({
      id: 'a',
      timestamp: 1700000000,
      body: '{}',
      secret: [
        async (content) => {
          seen.push(content.toString());
          return 'v1a,AAAA';
        },
        SECRET,
      ],
    });
    expect(seen).toEqual(['a.1700000000.{}']);
    expect(signature).toMatch(/^v1a,AAAA v1,\S{44}$/);
  });

  test.each([['v2'], [''], [undefined], [Buffer.alloc(3)], ['v1a,AAAA v1,BBBB']])(
    'refuses %p as the result of a function',
    async (given) => {
      const sign = webhookSigner(() => given as string);
      const signing = async () => sign({ id: 'a', timestamp: 1, body: '' });
      await expect(signing()).rejects.toMatchObject({ code: 'SECRET_INVALID', field: 'secret' });
    },
  );

  test.each([
    ['id', { id: 'a.b' }, 'WEBHOOK_ID_INVALID'],
    ['id', { id: '' }, 'WEBHOOK_ID_INVALID'],
    ['id', { id: 'a b' }, 'WEBHOOK_ID_INVALID'],
    ['id', { id: 'a\r\nb' }, 'WEBHOOK_ID_INVALID'],
    ['timestamp', { timestamp: 1.5 }, 'WEBHOOK_TIMESTAMP_INVALID'],
    ['timestamp', { timestamp: -1 }, 'WEBHOOK_TIMESTAMP_INVALID'],
    ['timestamp', { timestamp: NaN }, 'WEBHOOK_TIMESTAMP_INVALID'],
    ['timestamp', { timestamp: 1700000000_000 }, 'WEBHOOK_TIMESTAMP_INVALID'],
    ['timestamp', { timestamp: new Date(NaN) }, 'WEBHOOK_TIMESTAMP_INVALID'],
    ['body', { body: { a: 1 } as never }, 'WEBHOOK_BODY_INVALID'],
    ['body', { body: undefined as never }, 'WEBHOOK_BODY_INVALID'],
  ])('refuses a wrong %s: %p', (field, wrong, code) => {
    const webhook = { id: 'a', timestamp: 1700000000, body: '', secret: SECRET, ...wrong };
    expect(() => signWebhook(webhook)).toThrow(expect.objectContaining({ field, code }));
  });
});

describe('a secret', () => {
  const bytes = (count: number): string => Buffer.alloc(count, 7).toString('base64');

  test.each<[string, unknown]>([
    ['no text', 7],
    ['empty', ''],
    ['without prefix', bytes(32)],
    ['with white space', ` ${SECRET}`],
    ['with a line end', `${SECRET}\n`],
    ['with what Supabase puts before it', `v1,${SECRET}`],
    ['empty behind its prefix', 'whsec_'],
    ['not base64', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS*'],
    ['in base64url', `whsec_${Buffer.alloc(32, 255).toString('base64url')}`],
    ['without its padding', `whsec_${bytes(32).replace('=', '')}`],
    ['with bits left over', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAB=='],
    ['too short', `whsec_${bytes(23)}`],
    ['too long', `whsec_${bytes(65)}`],
    ['a private key that is too short', `whsk_${bytes(31)}`],
    ['a private key that was cut', `whsk_${bytes(48)}`],
    ['a private key with another public one', `whsk_${bytes(64)}`],
    ['a public key', webhookPublicKey(BOTH)],
  ])('that is %s does not sign, and is not in the error', (_, secret) => {
    const refused = expect.objectContaining({
      code: 'SECRET_INVALID',
      field: 'secret',
    }) as unknown as Error;
    const make = (): unknown => webhookSigner(secret as string);
    expect(make).toThrow(refused);
    expect(make).toThrow(ConfigError);
    try {
      make();
    } catch (error) {
      const tail = typeof secret === 'string' ? secret.trim().slice(7) : '';
      if (tail !== '') expect(inspect(error)).not.toContain(tail);
    }
  });

  test.each([[24], [32], [64]])('of %i bytes signs', (count) => {
    expect(() => webhookSigner(`whsec_${bytes(count)}`)).not.toThrow();
  });

  test('is named by its place in the list', () => {
    expect(() => webhookSigner([SECRET, 'x'])).toThrow(
      expect.objectContaining({ field: 'secret[1]' }),
    );
    expect(() => webhookSigner([])).toThrow(expect.objectContaining({ field: 'secret' }));
  });

  test('that is made has 32 random bytes', () => {
    const [one, other] = [createWebhookSecret(), createWebhookSecret('v1')];
    expect(one).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(one).not.toBe(other);
  });

  test('that is made for Ed25519 holds seed and public key, and signs what the public key verifies', () => {
    const secret = createWebhookSecret('v1a');
    expect(secret).toMatch(/^whsk_[A-Za-z0-9+/]{86}==$/);
    const x = Buffer.from(webhookPublicKey(secret).slice(5), 'base64').toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    const [, signature = ''] = signWebhook({ id: 'a', timestamp: 1, body: 'b', secret }).split(',');
    expect(verify(null, Buffer.from('a.1.b'), key, Buffer.from(signature, 'base64'))).toBe(true);
  });

  test('gives the known public key', () => {
    expect(webhookPublicKey(SEED)).toBe('whpk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=');
    expect(() => webhookPublicKey(SECRET)).toThrow(ConfigError);
  });
});

describe('webhookId', () => {
  test.each(['msg_2Kf', '1700000000000-0', 'a:b@c', 'A'.repeat(256)])('keeps %s', (id) => {
    expect(webhookId(id)).toBe(id);
  });

  test.each(['v1.2', 'ü', 'a b', '', 'a'.repeat(257), 'a\nb'])(
    'makes of %j one that can be signed, always the same',
    (id) => {
      expect(webhookId(id)).toMatch(/^h_[A-Za-z0-9_-]{43}$/);
      expect(webhookId(id)).toBe(webhookId(id));
      expect(webhookId(id)).not.toBe(webhookId(`${id}.`));
    },
  );
});
