import { describe, expect, it, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';

import { eventTypeOf, matchesAny } from './route-patterns.js';
import { rotateSecrets } from './rotate-secrets.js';
import { Secret } from './secret.js';
import { resolveDelivery } from './valid-delivery.js';
import { validEndpoint } from './valid-endpoint.js';
import { webhookBody, webhookHeaders, type OutgoingMessage } from './webhook-request.js';

const NOW = Date.now();
const MESSAGE: OutgoingMessage = {
  id: '1700000000000-0',
  path: 'order/paid',
  type: 'order.paid',
  publishedAt: Date.parse('2026-03-01T12:00:00.250Z'),
  json: '{"total":1.0,"note":"Grüße 😀"}',
};
const RULES = { checkUrl: async (url: unknown) => String(url) };
const GIVEN = { url: 'https://example.com/', routes: ['order/paid'] };

describe('a body', () => {
  test.each([
    ['raw', MESSAGE.json, 'application/json'],
    [
      'standard',
      `{"type":"order.paid","timestamp":"2026-03-01T12:00:00.250Z","data":${MESSAGE.json}}`,
      'application/json',
    ],
    [
      'cloudevents',
      `{"specversion":"1.0","id":"1700000000000-0","source":"/order/paid","type":"order.paid","time":"2026-03-01T12:00:00.250Z","datacontenttype":"application/json","data":${MESSAGE.json}}`,
      'application/cloudevents+json; charset=UTF-8',
    ],
  ] as const)('that is %s holds the payload as it was published', (format, text, contentType) => {
    const body = webhookBody(MESSAGE, format);
    expect(body.bytes.toString('utf8')).toBe(text);
    expect(body.contentType).toBe(contentType);
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });
});

describe('the headers of an attempt', () => {
  it('are verified by standardwebhooks with each secret that is valid', async () => {
    const endpoint = await validEndpoint(GIVEN, RULES);
    const old = endpoint.secrets[0]?.secret.reveal() ?? '';
    const next = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const rotated = {
      ...endpoint,
      secrets: rotateSecrets(endpoint.secrets, new Secret(next), NOW),
    };
    const body = webhookBody(MESSAGE, 'standard');
    const headers = webhookHeaders(rotated, MESSAGE, body, NOW);
    expect(Object.keys(headers).sort()).toEqual([
      'content-type',
      'user-agent',
      'webhook-id',
      'webhook-signature',
      'webhook-timestamp',
    ]);
    for (const secret of [old, next]) {
      expect(new Webhook(secret).verify(body.bytes, { ...headers })).toMatchObject({
        type: 'order.paid',
      });
    }
    // After the overlap, the old one is valid no more.
    const later = webhookHeaders(rotated, MESSAGE, body, NOW + 25 * 3_600_000);
    expect(later['webhook-signature']?.split(' ')).toHaveLength(1);
  });

  it('have the same id and a fresh time and signature at each attempt', async () => {
    const endpoint = await validEndpoint(GIVEN, RULES);
    const body = webhookBody(MESSAGE, 'raw');
    const one = webhookHeaders(endpoint, MESSAGE, body, NOW);
    const two = webhookHeaders(endpoint, MESSAGE, body, NOW + 5_000);
    expect(two['webhook-id']).toBe(one['webhook-id']);
    expect(two['webhook-timestamp']).toBe(String(Math.floor((NOW + 5_000) / 1_000)));
    expect(two['webhook-signature']).not.toBe(one['webhook-signature']);
  });

  test.each([
    [{ basic: { username: 'me', password: 'p:w' } }, 'authorization', 'Basic bWU6cDp3'],
    [{ bearer: 'abc' }, 'authorization', 'Bearer abc'],
    [{ header: { name: 'Authorization', value: 'Token abc' } }, 'authorization', 'Token abc'],
    [{ header: { name: 'X-Key', value: 'abc' } }, 'x-key', 'abc'],
  ])('prove who sends by %j', async (auth, name, value) => {
    const headers = { 'x-own': 'a', 'x-secret': { value: 'b', secret: true } } as const;
    const endpoint = await validEndpoint({ ...GIVEN, auth, headers }, RULES);
    const sent = webhookHeaders(endpoint, MESSAGE, webhookBody(MESSAGE, 'raw'), NOW);
    expect(sent).toMatchObject({ [name]: value, 'x-own': 'a', 'x-secret': 'b' });
  });

  it('map an id that could move what is signed', async () => {
    const endpoint = await validEndpoint(GIVEN, RULES);
    const sent = webhookHeaders(endpoint, { id: 'v1.7' }, webhookBody(MESSAGE, 'raw'), NOW);
    expect(sent['webhook-id']).toMatch(/^h_[\w-]{43}$/);
  });
});

describe('an event type', () => {
  test.each([
    ['order/paid', 'order.paid'],
    ['/order/paid/', 'order.paid'],
    ['order//paid', 'order.paid'],
    ['order-items/v1.2', 'order_items.v1_2'],
    ['größe', 'gr__e'],
  ])('of %s is %s', (path, type) => {
    expect(eventTypeOf(path)).toBe(type);
  });

  test.each<[patterns: string[], text: string, matches: boolean]>([
    [['order.paid'], 'order.paid', true],
    [['order.paid'], 'order.paid.late', false],
    [['order.*'], 'order.paid', true],
    [['order.*'], 'orders.paid', false],
    [['*'], 'anything', true],
    [[], 'anything', false],
  ])('among %j matches %s: %p', (patterns, text, matches) => {
    expect(matchesAny(patterns, text)).toBe(matches);
  });
});

describe('the options of delivery', () => {
  it('come from the endpoint, then from its tenant, then from the module', () => {
    const rate = { count: 5, perMs: 1_000 };
    const resolved = resolveDelivery(
      { timeoutMs: 1_000, concurrency: 1, rate },
      { timeoutMs: 2_000, jitter: 0 },
      { timeoutMs: 3_000 },
    );
    expect(resolved).toMatchObject({ timeoutMs: 3_000, jitter: 0, concurrency: 1, rate });
    expect(resolved.schedule).toHaveLength(10);
    expect(resolveDelivery(undefined, { format: 'raw' }, undefined).format).toBe('raw');
  });
});
