import { inspect } from 'node:util';

import { ConfigError } from '@leanmq/core';
import { describe, expect, test } from '@jest/globals';

import { VECTORS, optionsOf, type Vector } from './support/vectors.js';
import {
  WebhookVerificationError,
  createWebhookVerifier,
  hmac,
  verifyWebhook,
  type VerifyWebhookOptions,
} from './index.js';

const vector = (name: string): Vector => VECTORS.find((each) => each.name === name)!;
const STANDARD = vector('standard');
const at = (given: Vector, more: Partial<VerifyWebhookOptions> = {}) =>
  verifyWebhook({ ...optionsOf(given), ...more } as VerifyWebhookOptions);
const refusal = (reason: string) => expect.objectContaining({ reason }) as unknown as Error;

describe('verifyWebhook', () => {
  test.each(VECTORS.map((each) => [each.name, each] as const))('verifies %s', (_, given) => {
    expect(at(given)).toEqual({ id: given.id, timestamp: given.timestamp, secretIndex: 0 });
  });

  test.each(VECTORS.map((each) => [each.name, each] as const))(
    'refuses %s with another secret, and says which of several fits',
    (_, given) => {
      const other = given.secret.startsWith('wh')
        ? 'whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB'
        : 'other';
      expect(() => at(given, { secrets: other })).toThrow(refusal('signature'));
      expect(at(given, { secrets: [other, given.secret] })).toMatchObject({ secretIndex: 1 });
    },
  );

  test.each(VECTORS.map((each) => [each.name, each] as const))(
    'reads the headers of %s in any case, as Headers, and as lists of one',
    (_, given) => {
      const upper = Object.entries(given.headers).map(([name, value]) => [
        name.toUpperCase(),
        value,
      ]);
      const lists = Object.entries(given.headers).map(([name, value]) => [name, [value]]);
      const expected = at(given);
      expect(at(given, { headers: Object.fromEntries(upper) as never })).toEqual(expected);
      expect(at(given, { headers: new Headers(given.headers) })).toEqual(expected);
      expect(at(given, { headers: Object.fromEntries(lists) as never })).toMatchObject({
        secretIndex: 0,
      });
    },
  );

  test.each(
    VECTORS.filter(({ timestamp }) => timestamp !== undefined).map(
      (each) => [each.name, each] as const,
    ),
  )('holds %s to its time, in both directions', (name, given) => {
    const isLinear = name === 'linear';
    const sentAt = isLinear ? 1676056940508 : (given.timestamp ?? 0) * 1_000;
    const tolerance = isLinear ? 60_000 : 300_000;
    for (const sign of [-1, 1]) {
      expect(() => at(given, { now: sentAt + sign * tolerance })).not.toThrow();
      const late = new Date(sentAt + sign * (tolerance + 1_000));
      expect(() => at(given, { now: late })).toThrow(refusal('timestamp'));
      expect(() => at(given, { now: late, toleranceMs: Infinity })).not.toThrow();
      const near = { now: sentAt + sign * 9_000, toleranceMs: 5_000 };
      expect(() => at(given, near)).toThrow(refusal('timestamp'));
    }
  });

  test.each(
    VECTORS.flatMap((each) =>
      Object.keys(each.headers)
        .filter(
          (header) =>
            !/delivery|webhook-id$|content-type/.test(header) || /^(webhook|svix)/.test(header),
        )
        .map((header) => [each.name, header, each] as const),
    ),
  )('misses of %s the header %s', (_, header, given) => {
    const { [header]: __, ...headers } = given.headers;
    expect(() => at(given, { headers })).toThrow(refusal('missing'));
    expect(() => at(given, { headers: { ...headers, [header]: '' } })).toThrow(refusal('missing'));
    const twice = { ...headers, [header]: [given.headers[header]!, 'x'] };
    expect(() => at(given, { headers: twice })).toThrow(refusal('malformed'));
  });

  test.each([
    ['standard', { 'webhook-timestamp': '1614265330abc' }],
    ['standard', { 'webhook-timestamp': '1614265330.0' }],
    ['standard', { 'webhook-timestamp': '01614265330' }],
    ['standard', { 'webhook-timestamp': '-1' }],
    ['standard', { 'webhook-id': 'a.b' }],
    ['standard', { 'webhook-id': 'a b' }],
    ['standard', { 'webhook-signature': 'g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' }],
    ['standard', { 'webhook-signature': 'v1,' }],
    ['standard', { 'webhook-signature': Array(33).fill('v1,AAAA').join(' ') }],
    ['stripe', { 'stripe-signature': 'garbage' }],
    ['stripe', { 'stripe-signature': 't=1700000000' }],
    ['stripe', { 'stripe-signature': `t=1700000000,t=1700000000,v1=${'a'.repeat(64)}` }],
    ['stripe', { 'stripe-signature': `t=x,v1=${'a'.repeat(64)}` }],
    ['stripe', { 'stripe-signature': `t=1700000000,v0=${'a'.repeat(64)}` }],
    ['github', { 'x-hub-signature-256': 'sha1=757107ea0eb2509fc211221cce984b8a37570b6d' }],
    ['slack', { 'x-slack-request-timestamp': 'soon' }],
    ['slack', { 'x-slack-signature': 'v1=00' }],
    ['shopify', { 'x-shopify-hmac-sha256': '=' }],
    ['twilio', { 'x-twilio-signature': 'short' }],
    ['hmac of time and body', { 'x-convoy-signature': 'v1=00,t=1' }],
  ])('refuses malformed headers of %s: %p', (name, headers) => {
    const given = vector(name);
    expect(() => at(given, { headers: { ...given.headers, ...headers } })).toThrow(
      refusal('malformed'),
    );
  });

  test('accepts the right one of several signatures, of known and unknown versions', () => {
    const right = STANDARD.headers['webhook-signature']!;
    const headers = {
      ...STANDARD.headers,
      'webhook-signature': `v1,AAAA v1a,AAAA v9,BBBB ${right}`,
    };
    expect(at(STANDARD, { headers })).toMatchObject({ secretIndex: 0 });
    const paddle = vector('paddle');
    const several = paddle.headers['paddle-signature']!.replace(';', `;h1=${'0'.repeat(64)};`);
    expect(at(paddle, { headers: { 'paddle-signature': several } })).toMatchObject({
      id: 'evt_01',
    });
    const before = `${paddle.headers['paddle-signature']};h1=${'0'.repeat(64)}`;
    expect(at(paddle, { headers: { 'paddle-signature': before } })).toMatchObject({ id: 'evt_01' });
  });

  test('verifies with a secret of up to 75 bytes, and no more', () => {
    const secret = (count: number) => `whsec_${Buffer.alloc(count, 1).toString('base64')}`;
    expect(() => at(STANDARD, { secrets: secret(75) })).toThrow(WebhookVerificationError);
    expect(() => at(STANDARD, { secrets: secret(76) })).toThrow(ConfigError);
  });

  test('verifies an empty body and bytes that are not UTF-8', () => {
    const secret = 'secret';
    const scheme = hmac({ header: 'x-signature' });
    for (const [body, signature] of [
      ['', 'f9e66e179b6747ae54108f82f8ade8b3c25d76fd30afde6c395822c530196169'],
    ] as const) {
      const options = { scheme, secrets: secret, headers: { 'x-signature': signature } };
      expect(verifyWebhook({ ...options, body: Buffer.from(body) })).toMatchObject({
        secretIndex: 0,
      });
    }
  });

  test("compares GitLab's secret token, and takes its ids", () => {
    const options = { scheme: 'gitlab', secrets: ['other', 'a token'], body: Buffer.from('{}') };
    const headers = { 'x-gitlab-token': 'a token', 'idempotency-key': 'key-1' };
    expect(verifyWebhook({ ...options, headers } as VerifyWebhookOptions)).toEqual({
      id: 'key-1',
      timestamp: undefined,
      secretIndex: 1,
    });
    for (const token of ['a toke', 'a token ', 'A token']) {
      expect(() =>
        verifyWebhook({
          ...options,
          headers: { 'x-gitlab-token': token },
        } as VerifyWebhookOptions),
      ).toThrow(refusal('signature'));
    }
    const signed = vector('gitlab with a signing token');
    const both = { ...signed.headers, 'x-gitlab-token': 'a token' };
    expect(() => at(signed, { secrets: 'a token', headers: both })).toThrow(refusal('signature'));
    expect(() => at(signed, { headers: { 'x-gitlab-token': signed.secret } })).toThrow(
      refusal('signature'),
    );
  });

  test('verifies Twilio with and without the port, and JSON by its digest only', () => {
    const form = vector('twilio');
    for (const url of [
      'https://mycompany.com:443/myapp.php?foo=1&bar=2',
      'https://mycompany.com:8443/myapp.php?foo=1&bar=2',
    ]) {
      expect(() => at(form, { url })).not.toThrow();
    }
    expect(() => at(form, { url: 'https://mycompany.com/myapp.php?foo=1' })).toThrow(
      refusal('signature'),
    );
    expect(() =>
      at(form, { headers: { ...form.headers, 'content-type': 'application/json' } }),
    ).toThrow(refusal('malformed'));
  });

  test.each([
    ['scheme', { scheme: 'strip' }],
    ['scheme', { scheme: undefined }],
    ['scheme', { scheme: { name: 'x' } }],
    ['scheme', { scheme: 'toString' }],
    ['secrets', { secrets: [] }],
    ['secrets', { secrets: undefined }],
    ['secrets', { secrets: 7 }],
    ['secrets[0]', { secrets: '' }],
    ['secrets[1]', { secrets: [STANDARD.secret, 'x'] }],
    ['body', { body: '{"test": 2432232314}' }],
    ['body', { body: { test: 2432232314 } }],
    ['headers', { headers: undefined }],
    ['url', { scheme: 'square', secrets: 'x' }],
    ['url', { scheme: 'twilio', secrets: 'x', url: '/path' }],
  ])('throws a ConfigError that names "%s", and refuses no request: %p', (field, wrong) => {
    const verify = () => at(STANDARD, wrong as never);
    expect(verify).toThrow(ConfigError);
    expect(verify).toThrow(expect.objectContaining({ field }));
  });

  test.each([
    ['toleranceMs', { toleranceMs: 0 }],
    ['toleranceMs', { toleranceMs: NaN }],
    ['toleranceMs', { scheme: 'github', toleranceMs: 1 }],
    ['now', { now: 1614265330 }],
    ['secret', { secret: 'x' }],
  ])('throws a ConfigError for a wrong option "%s": %p', (option, wrong) => {
    expect(() => at(STANDARD, wrong as never)).toThrow(ConfigError);
    expect(() => at(STANDARD, wrong as never)).toThrow(`"${option}"`);
  });

  test('shows no secret when a verifier or an error is looked at', () => {
    for (const given of VECTORS) {
      const { scheme, secrets } = optionsOf(given);
      const verifier = createWebhookVerifier({ scheme, secrets });
      const shown = inspect(verifier, { depth: 9, showHidden: true });
      expect(shown).not.toContain(given.secret);
    }
  });
});

describe('a custom scheme', () => {
  const options = { body: Buffer.from('{}'), headers: {}, secrets: 'a' };

  test('gets the request, and its answer is the result', async () => {
    const proved = await verifyWebhook({
      ...options,
      now: 1700000000000,
      scheme: async ({ body, secrets, now }) => ({
        id: `${body.length} ${secrets.join()} ${now}`,
        timestamp: undefined,
        secretIndex: 0,
      }),
    });
    expect(proved.id).toBe('2 a 1700000000000');
  });

  test('refuses by returning nothing, or with its own error', async () => {
    await expect(verifyWebhook({ ...options, scheme: () => undefined })).rejects.toThrow(
      refusal('signature'),
    );
    const scheme = () => {
      throw new WebhookVerificationError('timestamp', 'old');
    };
    await expect(verifyWebhook({ ...options, scheme })).rejects.toThrow(refusal('timestamp'));
  });
});
