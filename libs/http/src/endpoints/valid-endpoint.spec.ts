import { inspect } from 'node:util';
import { describe, expect, it, test } from '@jest/globals';

import { EgressGuard } from '../egress/index.js';
import { WebhookInputError } from '../input-error.js';
import { createWebhookSecret } from '../signing/index.js';
import type { Endpoint, EndpointInput } from './endpoint.js';
import { SecretVault } from './secret-vault.js';
import { isOutdated, isSameEndpoint, openEndpoint, sealEndpoint } from './stored-endpoint.js';
import { validEndpoint } from './valid-endpoint.js';

const guard = new EgressGuard({ resolve: async () => ['8.8.8.8'] });
const RULES = {
  checkUrl: (url: unknown) => guard.check(url),
  filters: new Set(['isLarge']),
  transforms: new Set(['withoutNames']),
};
const URL = 'https://example.com/hooks';
const SECRET = createWebhookSecret('v1');
const PASSWORD = 'hunter2-hunter2';

const create = (given: object): Promise<Endpoint> =>
  validEndpoint({ url: URL, routes: ['order/paid'], ...given }, RULES);

async function refusal(given: object): Promise<WebhookInputError> {
  const error: unknown = await create(given).then(
    () => new Error('not refused'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof WebhookInputError) return error;
  throw error;
}

const nested = (levels: number): object =>
  levels === 0 ? { type: 'a' } : { $not: nested(levels - 1) };

describe('an endpoint', () => {
  test.each<[given: object, code: string, field: string, said?: string]>([
    [{ url: undefined }, 'URL_MALFORMED', 'url'],
    [{ url: 'example.com' }, 'URL_MALFORMED', 'url', 'https://example.com/hooks'],
    [{ url: 'http://example.com' }, 'URL_SCHEME', 'url', '"egress.allowHttp"'],
    [{ url: 'https://example.com:0' }, 'URL_PORT', 'url', '65535'],
    [{ url: `https://user:${PASSWORD}@example.com` }, 'URL_CREDENTIALS', 'url', '"auth.basic"'],
    [{ url: 'https://10.0.0.1/' }, 'ADDRESS_BLOCKED', 'url', '10.0.0.0/8 (private use)'],
    [{ url: 'https://10.0.0.1/' }, 'ADDRESS_BLOCKED', 'url', '"egress.allow"'],
    [{ routes: [] }, 'ROUTES_MISSING', 'routes', '"patterns"'],
    [{ routes: undefined }, 'ROUTES_MISSING', 'routes'],
    [{ routes: 'order/paid' }, 'ROUTE_INVALID', 'routes', 'list'],
    [{ routes: ['a', '//'] }, 'ROUTE_INVALID', 'routes[1]', '512'],
    [{ routes: [5] }, 'ROUTE_INVALID', 'routes[0]'],
    [{ routes: ['order/*'] }, 'ROUTE_INVALID', 'routes[0]', '"patterns"'],
    [{ patterns: ['order'] }, 'PATTERN_INVALID', 'patterns[0]', '"order/*"'],
    [{ patterns: ['*/paid'] }, 'PATTERN_INVALID', 'patterns[0]'],
    [{ patterns: ['a/**'] }, 'PATTERN_INVALID', 'patterns[0]'],
    [{ patterns: [''] }, 'PATTERN_INVALID', 'patterns[0]'],
    [{ patterns: ['a\n*'] }, 'PATTERN_INVALID', 'patterns[0]'],
    [{ types: ['order paid'] }, 'TYPE_INVALID', 'types[0]'],
    [{ types: ['order..paid'] }, 'TYPE_INVALID', 'types[0]'],
    [{ types: ['order*'] }, 'TYPE_INVALID', 'types[0]'],
    [
      { filter: nested(10) },
      'FILTER_TOO_DEEP',
      'filter.$not.$not.$not.$not.$not.$not.$not.$not.$not.$not',
    ],
    [{ filter: { data: { a: { $regex: 'x' } } } }, 'FILTER_OPERATOR', 'filter.data.a.$regex'],
    [{ filter: { data: { constructor: 1 } } }, 'FILTER_KEY', 'filter.data'],
    [{ filter: 'isSmall' }, 'FUNCTION_UNKNOWN', 'filter', 'isLarge'],
    [{ transform: 'other' }, 'FUNCTION_UNKNOWN', 'transform', 'withoutNames'],
    [{ headers: { Host: 'a' } }, 'HEADER_RESERVED', 'headers.Host'],
    [{ headers: { 'content-type': 'a' } }, 'HEADER_RESERVED', 'headers.content-type'],
    [{ headers: { 'Webhook-Id': 'a' } }, 'HEADER_RESERVED', 'headers.Webhook-Id'],
    [{ headers: { 'Proxy-Authorization': 'a' } }, 'HEADER_RESERVED', 'headers.Proxy-Authorization'],
    [{ headers: { 'x-amz-date': 'a' } }, 'HEADER_RESERVED', 'headers.x-amz-date'],
    [{ headers: { 'Metadata-Flavor': 'Google' } }, 'HEADER_RESERVED', 'headers.Metadata-Flavor'],
    [
      { headers: { Authorization: PASSWORD } },
      'HEADER_RESERVED',
      'headers.Authorization',
      '"auth"',
    ],
    [{ headers: { 'x-a': 'b\r\nx-c: d' } }, 'HEADER_VALUE', 'headers.x-a'],
    [{ headers: { 'x-a': 'b\n' } }, 'HEADER_VALUE', 'headers.x-a'],
    [{ headers: { 'x-a': 'b\u0000' } }, 'HEADER_VALUE', 'headers.x-a'],
    [{ headers: { 'x-a': 'ü' } }, 'HEADER_VALUE', 'headers.x-a'],
    [{ headers: { 'x-a': ' b' } }, 'HEADER_VALUE', 'headers.x-a'],
    [{ headers: { 'x-a': 5 } }, 'HEADER_VALUE', 'headers.x-a'],
    [{ headers: { 'x-a': 'b'.repeat(4_097) } }, 'HEADER_VALUE', 'headers.x-a', '4096'],
    [{ headers: { 'x-a': { value: PASSWORD } } }, 'HEADER_VALUE', 'headers.x-a', 'secret: true'],
    [{ headers: { 'x a': 'b' } }, 'HEADER_NAME', 'headers.x a'],
    [{ headers: { 'x-a\r\nx-b': 'b' } }, 'HEADER_NAME', 'headers.x-a\r\nx-b'],
    [{ headers: { 'X-A': 'b', 'x-a': 'c' } }, 'HEADER_NAME', 'headers.x-a', 'once'],
    [
      { auth: { basic: { username: 'a:b', password: PASSWORD } } },
      'AUTH_INVALID',
      'auth.basic.username',
    ],
    [
      { auth: { basic: { username: 'a', password: `${PASSWORD}\n` } } },
      'HEADER_VALUE',
      'auth.basic.password',
    ],
    [
      { auth: { basic: { user: 'a', password: PASSWORD } } },
      'FIELD_UNKNOWN',
      'auth.basic.user',
      'takes username',
    ],
    [{ auth: { bearer: `Bearer ${PASSWORD}` } }, 'AUTH_INVALID', 'auth.bearer', 'without "Bearer"'],
    [
      { auth: { bearer: 'a', header: { name: 'x-a', value: 'b' } } },
      'AUTH_INVALID',
      'auth',
      'one of',
    ],
    [
      { auth: { header: { name: 'host', value: PASSWORD } } },
      'HEADER_RESERVED',
      'auth.header.name',
    ],
    [
      { auth: { certificate: { cert: 'a', key: PASSWORD } } },
      'CERTIFICATE_INVALID',
      'auth.certificate',
      'PEM',
    ],
    [{ auth: { ca: 'a' } }, 'CERTIFICATE_INVALID', 'auth.ca', 'PEM'],
    [{ auth: { Bearer: 'a' } }, 'FIELD_UNKNOWN', 'auth.Bearer', '"bearer"'],
    [{ secret: PASSWORD }, 'SECRET_INVALID', 'secret', '"whsec_"'],
    [{ secret: 'whsec_%%%' }, 'SECRET_INVALID', 'secret', 'base64'],
    [{ secret: 'whsec_c2hvcnQ=' }, 'SECRET_INVALID', 'secret', '24'],
    [{ secret: SECRET, signature: 'v1a' }, 'SECRET_INVALID', 'secret', '"whsk_"'],
    [{ secret: createWebhookSecret('v1a') }, 'SECRET_INVALID', 'secret', '"whsec_"'],
    [{ signature: 'v2' }, 'FIELD_INVALID', 'signature', '"v1"'],
    [{ delivery: { schedule: [] } }, 'SCHEDULE_INVALID', 'delivery.schedule'],
    [{ delivery: { schedule: [0, -1] } }, 'SCHEDULE_INVALID', 'delivery.schedule'],
    [{ delivery: { schedule: [0, 8 * 86_400_000] } }, 'SCHEDULE_INVALID', 'delivery.schedule'],
    [{ delivery: { jitter: 1 } }, 'SCHEDULE_INVALID', 'delivery.jitter'],
    [{ delivery: { rate: { count: 0, perMs: 1_000 } } }, 'RATE_INVALID', 'delivery.rate'],
    [
      { delivery: { rate: { count: 5, perSecond: 1 } } },
      'FIELD_UNKNOWN',
      'delivery.rate.perSecond',
      'perMs',
    ],
    [{ delivery: { rate: 5 } }, 'RATE_INVALID', 'delivery.rate'],
    [{ delivery: { timeoutMs: 5 } }, 'FIELD_INVALID', 'delivery.timeoutMs', '100 to 120000'],
    [{ delivery: { timeOut: 5 } }, 'FIELD_UNKNOWN', 'delivery.timeOut', '"timeoutMs"'],
    [{ delivery: { retries: 5 } }, 'FIELD_UNKNOWN', 'delivery.retries', '"schedule"'],
    [{ delivery: { format: 'xml' } }, 'FIELD_INVALID', 'delivery.format', '"raw"'],
    [{ delivery: { disableAfterMs: 0 } }, 'FIELD_INVALID', 'delivery.disableAfterMs', '"never"'],
    [{ delivery: { concurrency: 1.5 } }, 'FIELD_INVALID', 'delivery.concurrency'],
    [{ ordered: 'yes' }, 'FIELD_INVALID', 'ordered', 'true or false'],
    [{ disabled: 1 }, 'FIELD_INVALID', 'disabled'],
    [{ metadata: { a: 5 } }, 'FIELD_INVALID', 'metadata'],
    [{ metadata: { a: 'x'.repeat(4_097) } }, 'FIELD_INVALID', 'metadata', '4096'],
    [{ tenant: '' }, 'FIELD_INVALID', 'tenant'],
    [{ id: 'a.b' }, 'ID_INVALID', 'id', 'without full stops'],
    [{ id: '' }, 'ID_INVALID', 'id'],
    [{ id: 'a'.repeat(129) }, 'ID_INVALID', 'id'],
    [{ retrys: 5 }, 'FIELD_UNKNOWN', 'retrys'],
    [{ rotues: ['a'] }, 'FIELD_UNKNOWN', 'rotues', 'did you mean "routes"?'],
    [{ eventTypes: ['a'] }, 'FIELD_UNKNOWN', 'eventTypes', '"types"'],
  ])('with %j is refused with %s at %s', async (given, code, field, said = '') => {
    const error = await refusal(given);
    expect(error).toMatchObject({ code, field });
    expect(error.message).toContain(said);
    for (const shown of [error.message, inspect(error, { depth: 9 }), JSON.stringify(error)]) {
      expect(shown).not.toContain(PASSWORD);
    }
  });

  test.each([undefined, null, [], 'https://example.com', new Map()])('is not %p', async (input) => {
    await expect(validEndpoint(input as unknown as EndpointInput, RULES)).rejects.toMatchObject({
      code: 'FIELD_INVALID',
    });
  });

  it('has one canonical form, however it is written', async () => {
    const one = await create({
      id: 'ep_1',
      secret: SECRET,
      url: 'HTTPS://Example.com:443/hooks',
      routes: ['/order/paid/', 'order/open', 'order/paid'],
      patterns: ['/stock/*', 'stock/low/*'],
      types: ['b', 'a', 'b'],
      headers: { 'X-B': '2', 'x-a': '1' },
      filter: { type: 'a', data: { b: 1, a: { $lt: 5, $gt: 1 } } },
      metadata: { b: '2', a: '1' },
      delivery: { timeoutMs: undefined, jitter: 0.1 },
    });
    const other = await create({
      id: 'ep_1',
      secret: SECRET,
      routes: ['order/open', 'order/paid'],
      patterns: ['stock/*'],
      types: ['a', 'b'],
      headers: { 'x-a': '1', 'x-b': '2' },
      filter: { data: { a: { $gt: 1, $lt: 5 }, b: 1 }, type: 'a' },
      metadata: { a: '1', b: '2' },
      delivery: { jitter: 0.1 },
    });
    expect(JSON.stringify(one)).toBe(JSON.stringify(other));
    expect(one).toMatchObject({
      url: URL,
      patterns: ['stock/*'],
      routes: ['order/open', 'order/paid'],
    });
    expect(isSameEndpoint(one, other, true)).toBe(true);
  });

  it('is another one when anything of it differs, a secret too', async () => {
    const base = { id: 'ep_1', secret: SECRET, auth: { bearer: 'a' } };
    const stored = await create(base);
    const differs = async (given: object): Promise<boolean> =>
      !isSameEndpoint(stored, await create({ ...base, ...given }), true);
    expect(await differs({})).toBe(false);
    expect(await differs({ auth: { bearer: 'b' } })).toBe(true);
    expect(await differs({ secret: createWebhookSecret() })).toBe(true);
    expect(await differs({ url: `${URL}?a` })).toBe(true);
    expect(await differs({ ordered: true })).toBe(true);
    expect(await differs({ delivery: { jitter: 0 } })).toBe(true);
    // An endpoint that was disabled meanwhile is still the one that its program creates at each start.
    expect(await differs({ disabled: true })).toBe(false);
    // A secret that was made says nothing.
    expect(isSameEndpoint(stored, await create({ ...base, secret: undefined }), false)).toBe(true);
  });

  it('shows none of its secrets, and keeps them through Redis', async () => {
    const endpoint = await create({
      secret: SECRET,
      headers: { 'x-key': { value: PASSWORD, secret: true }, 'x-open': 'b' },
      auth: { basic: { username: 'me', password: PASSWORD } },
    });
    const vault = new SecretVault([{ id: 'k1', key: Buffer.alloc(32, 1).toString('base64') }]);
    const stored = sealEndpoint(endpoint, vault);
    const shown = [
      inspect(endpoint, { depth: 9, showHidden: true }),
      JSON.stringify(endpoint),
      stored,
    ];
    for (const text of [...shown, String(endpoint.secrets[0]?.secret)]) {
      expect(text).not.toContain(PASSWORD);
      expect(text).not.toContain(SECRET);
    }
    const opened = openEndpoint(stored, vault);
    expect(opened).toEqual(endpoint);
    expect(opened.auth?.basic?.password.reveal()).toBe(PASSWORD);
    expect(opened.secrets[0]?.secret.reveal()).toBe(SECRET);
    expect(isSameEndpoint(opened, endpoint, true)).toBe(true);
    const plain = new SecretVault();
    expect(openEndpoint(sealEndpoint(endpoint, plain), plain)).toEqual(endpoint);
    expect(isOutdated(stored, vault)).toBe(false);
    expect(isOutdated(sealEndpoint(endpoint, plain), vault)).toBe(true);
  });

  it('may have names of its own that look like those of the stored form', async () => {
    const endpoint = await create({
      metadata: { $sealed: 'plain.a' },
      headers: { $sealed: 'plain.b' },
      filter: { data: { 'secrets[]': { secret: 'plain.c' } } },
    });
    const vault = new SecretVault([{ id: 'k1', key: Buffer.alloc(32, 1).toString('base64') }]);
    const stored = sealEndpoint(endpoint, vault);
    expect(openEndpoint(stored, vault)).toEqual(endpoint);
    expect(isOutdated(stored, vault)).toBe(false);
  });
});
