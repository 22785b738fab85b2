import { hmac } from '../hmac-scheme.js';
import type { WebhookScheme } from '../schemes.js';

/** A request that a sender really makes, or has documented. */
export interface Vector {
  readonly name: string;
  readonly scheme: Exclude<WebhookScheme, (...args: never[]) => unknown>;
  readonly secret: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly url?: string;
  readonly id?: string;
  /** Seconds since 1970. */
  readonly timestamp?: number;
}

const STANDARD_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const ED25519 =
  'v1a,MGsZIzibKPslFgYC8RUzH5qxJkT7TDKPq1Lw8wwGtK5c0nYTKThucnaZU//BNCM8ZEvrLJaq3XwgQlGWBiO6Bw==';
const ED25519_HEADERS = {
  'webhook-id': 'msg_ed',
  'webhook-timestamp': '1700000000',
  'webhook-signature': ED25519,
};
const SLACK_BODY =
  'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
const CONVOY_BODY = '{"event":"charge.success","amount":1000,"currency":"NGN"}';

export const VECTORS: readonly Vector[] = [
  {
    name: 'standard',
    scheme: 'standard',
    secret: STANDARD_SECRET,
    headers: {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
    body: '{"test": 2432232314}',
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestamp: 1614265330,
  },
  {
    name: 'standard with text beyond ASCII',
    scheme: 'standard',
    secret: STANDARD_SECRET,
    headers: {
      'webhook-id': 'msg_utf8',
      'webhook-timestamp': '1700000000',
      'webhook-signature': 'v1,10MIjpe/7dWeJqt3IQGRQkQBJ0XY+7jP1ogECD2BmvE=',
    },
    body: '{"note":"Grüße 😀"}',
    id: 'msg_utf8',
    timestamp: 1700000000,
  },
  {
    name: 'svix',
    scheme: 'svix',
    secret: STANDARD_SECRET,
    headers: {
      'svix-id': 'msg_utf8',
      'svix-timestamp': '1700000000',
      'svix-signature': 'v1,10MIjpe/7dWeJqt3IQGRQkQBJ0XY+7jP1ogECD2BmvE=',
    },
    body: '{"note":"Grüße 😀"}',
    id: 'msg_utf8',
    timestamp: 1700000000,
  },
  ...[
    'whpk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=',
    'whsk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwfqSmxj4pxSCr71UHsTLsX5lUd2rr6+e5JCHuppFEbSLA==',
    'whsk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=',
  ].map((secret) => ({
    name: `Ed25519 by ${secret.slice(0, 4)}, ${secret.length} characters`,
    scheme: 'standard' as const,
    secret,
    headers: ED25519_HEADERS,
    body: '{"a":1}',
    id: 'msg_ed',
    timestamp: 1700000000,
  })),
  {
    name: 'stripe',
    scheme: 'stripe',
    secret: 'whsec_test_secret',
    headers: {
      'stripe-signature':
        't=1700000000,v1=d95c6b7477fbd7e9f90b1b0ef5f9c7ac25abca5382460e0d988c2b2a5b71b990',
    },
    body: '{"id":"evt_test_webhook","object":"event"}',
    id: 'evt_test_webhook',
    timestamp: 1700000000,
  },
  {
    name: 'github',
    scheme: 'github',
    secret: "It's a Secret to Everybody",
    headers: {
      'x-hub-signature-256':
        'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
      'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    },
    body: 'Hello, World!',
    id: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
  },
  {
    name: 'gitlab with a signing token',
    scheme: 'gitlab',
    secret: STANDARD_SECRET,
    headers: {
      'webhook-id': 'msg_utf8',
      'webhook-timestamp': '1700000000',
      'webhook-signature': 'v1,10MIjpe/7dWeJqt3IQGRQkQBJ0XY+7jP1ogECD2BmvE=',
    },
    body: '{"note":"Grüße 😀"}',
    id: 'msg_utf8',
    timestamp: 1700000000,
  },
  {
    name: 'slack',
    scheme: 'slack',
    secret: '8f742231b10e8888abcd99yyyzzz85a5',
    headers: {
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    },
    body: SLACK_BODY,
    timestamp: 1531420618,
  },
  {
    name: 'shopify',
    scheme: 'shopify',
    secret: 'hush',
    headers: {
      'x-shopify-hmac-sha256': 'D0UMXmhjwBRi4y66TmhJrDlhQABD7zI2fm3p6/QLMo8=',
      'x-shopify-webhook-id': 'b54557e4-bdd9-4b37-8a5f-bf7d70bcd043',
    },
    body: '{"id":820982911946154508,"email":"jon@example.com"}',
    id: 'b54557e4-bdd9-4b37-8a5f-bf7d70bcd043',
  },
  {
    name: 'twilio',
    scheme: 'twilio',
    secret: '12345',
    url: 'https://mycompany.com/myapp.php?foo=1&bar=2',
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'x-twilio-signature': '0/KCTR6DLpKmkAf8muzZqo1nDgQ=',
    },
    body: 'Digits=1234&To=%2B18005551212&From=%2B12349013030&Caller=%2B12349013030&CallSid=CA1234567890ABCDE',
  },
  {
    name: 'square',
    scheme: 'square',
    secret: 'asdf1234',
    url: 'https://example.com/webhook',
    headers: { 'x-square-hmacsha256-signature': '2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og=' },
    body: '{"hello":"world"}',
  },
  {
    name: 'paddle',
    scheme: 'paddle',
    secret: 'pdl_ntfset_01test_secret',
    headers: {
      'paddle-signature':
        'ts=1671552777;h1=6943eb4ad5b4b39df7623cd3b852c9922b361ebed13a44d5c5e473f44551e983',
    },
    body: '{"event_id":"evt_01","event_type":"transaction.completed","occurred_at":"2024-01-01T00:00:00Z","data":{"id":"txn_1","items":[],"details":null}}',
    id: 'evt_01',
    timestamp: 1671552777,
  },
  {
    name: 'linear',
    scheme: 'linear',
    secret: 'lin_wh_test',
    headers: {
      'linear-signature': 'b692240896e035bd6a73d1c8240d4bac85e9b37f737366a04eea7d1eba0ac515',
      'linear-delivery': '234d1a4e-b617-4388-90fe-adc3633d6b72',
    },
    body: '{"action":"update","type":"Issue","data":{"id":"2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9"},"webhookTimestamp":1676056940508,"webhookId":"000042e3-d123-4980-b49f-8e140eef9329"}',
    id: '234d1a4e-b617-4388-90fe-adc3633d6b72',
    timestamp: 1676056940,
  },
  {
    name: 'hmac of the body',
    scheme: hmac({ header: 'X-Convoy-Signature', idField: 'event' }),
    secret: 'convoy-webhook-secret',
    headers: {
      'x-convoy-signature': '244449b7f48cbc2709060c9dcdc2b3aa47a78f540430579015c579fb12defbb4',
    },
    body: CONVOY_BODY,
    id: 'charge.success',
  },
  {
    name: 'hmac of time and body',
    scheme: hmac({
      header: 'X-Convoy-Signature',
      template: '{timestamp},{body}',
      format: 't={timestamp},v1={signature}',
    }),
    secret: 'convoy-webhook-secret',
    headers: {
      'x-convoy-signature':
        't=1700000000,v1=77b8b9269f25a199846a55a2bd25b3fba151c70fdae60bb1dcd87fbbc943c55c',
    },
    body: CONVOY_BODY,
    timestamp: 1700000000,
  },
];

/** Options of `verifyWebhook` for a vector, at the time when it was sent. */
export function optionsOf({ scheme, secret, headers, body, url, timestamp }: Vector) {
  return {
    ...{ scheme, headers, secrets: [secret], body: Buffer.from(body) },
    ...(url === undefined ? {} : { url }),
    now: (timestamp ?? 1700000000) * 1_000,
    explain: false,
  };
}
