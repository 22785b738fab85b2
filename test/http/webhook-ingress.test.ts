import { createHmac } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';
import { WebhookIngress, hmacSigner, type IngressRoute } from '@leanmq/http';
import { ConfigError } from '@leanmq/nestjs';
import { SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';

import { RedisServer } from '../support/redis-server.js';
import {
  ADAPTERS,
  request,
  useHttpApps,
  type AppOptions,
  type HttpApp,
  type MakeAdapter,
} from './support/http-app.js';
import { SECRET, githubHeaders, standardHeaders } from './support/signed.js';

const apps = useHttpApps();
const BODY = '{"type":"order.paid","data":{"n":1}}';

const STANDARD: IngressRoute = {
  path: '/webhooks/in',
  scheme: 'standard',
  secrets: SECRET,
  route: '/orders/paid/',
};

const start = (
  makeAdapter: MakeAdapter,
  route: Partial<IngressRoute> = {},
  options: AppOptions = {},
): Promise<HttpApp> =>
  apps.start(
    { imports: [WebhookIngress.forRoot([{ ...STANDARD, ...route }])] },
    makeAdapter,
    options,
  );

describe.each(ADAPTERS)('an ingress on %s', (_, makeAdapter) => {
  test('publishes a webhook under its id, and answers 202', async () => {
    const app = await start(makeAdapter);
    const answer = await app.post('/webhooks/in', BODY, standardHeaders(BODY));
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      202,
      { id: 'msg_1', outcome: 'published' },
    ]);
    expect(await logOf('orders/paid')).toEqual([
      {
        id: 'msg_1',
        data: JSON.parse(BODY) as unknown,
        headers: { 'webhook-timestamp': expect.stringMatching(/^\d{10}$/) },
      },
    ]);
  });

  test('publishes what comes again once, also with another body, and answers 2xx', async () => {
    const app = await start(makeAdapter);
    await app.post('/webhooks/in', BODY, standardHeaders(BODY));
    for (const body of [BODY, '{"other":true}']) {
      const answer = await app.post('/webhooks/in', body, standardHeaders(body));
      expect([answer.status, JSON.parse(answer.text)]).toEqual([
        202,
        { id: 'msg_1', outcome: 'duplicate' },
      ]);
    }
    expect(await logOf('orders/paid')).toHaveLength(1);
  });

  test('answers 400, 401, 405, 413 and 415, and publishes nothing', async () => {
    const app = await start(makeAdapter, { maxBodyBytes: 1_000 });
    const headers = standardHeaders(BODY);
    const post = async (body: string, sent: Record<string, string>) =>
      (await app.post('/webhooks/in', body, sent)).status;
    const large = JSON.stringify('x'.repeat(1_000));
    expect(await post(BODY, { ...headers, 'webhook-timestamp': 'now' })).toBe(400);
    expect(await post('{', standardHeaders('{'))).toBe(400);
    expect(await post(`${BODY} `, headers)).toBe(401);
    expect(await post(BODY, {})).toBe(415);
    expect(await post(large, standardHeaders(large))).toBe(413);
    expect(await post(BODY, { ...headers, 'content-type': 'text/xml' })).toBe(415);
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const answer = await request(`${app.url}/webhooks/in`, { method });
      expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, 'POST']);
    }
    expect(await logOf('orders/paid')).toEqual([]);
  });

  test('answers 413 for what is larger than a message may be', async () => {
    const app = await start(makeAdapter, {}, { mq: { limits: { payloadBytes: 100 } } });
    const large = JSON.stringify('x'.repeat(200));
    const answer = await app.post('/webhooks/in', large, standardHeaders(large));
    expect(answer.status).toBe(413);
  });

  test('answers 429 with retry-after beyond its rate, only to those that are verified', async () => {
    const app = await start(makeAdapter, { rateLimit: { count: 2, perMs: 60_000 } });
    const send = (id: string, agoS = 0) =>
      app.post('/webhooks/in', BODY, standardHeaders(BODY, { id, agoS }));
    for (let forged = 0; forged < 3; forged += 1) expect((await send('x', 999)).status).toBe(401);
    expect((await send('a')).status).toBe(202);
    expect((await send('b')).status).toBe(202);
    const answer = await send('c');
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(await logOf('orders/paid')).toHaveLength(2);
  });

  test('answers 503 with retry-after while Redis is away, and takes the next attempt', async () => {
    const server = await RedisServer.start();
    try {
      const app = await start(makeAdapter, { answerWithinMs: 300 }, { mq: { redis: server.url } });
      const send = () => app.post('/webhooks/in', BODY, standardHeaders(BODY));
      server.freeze();
      const answer = await send();
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      server.thaw();
      const again = await send();
      expect(again.status).toBe(202);
      expect(await app.mq.redis.xlen(`${apps.broker.prefix}:{orders/paid}:log`)).toBe(1);
      await app.app.close();
    } finally {
      await server.stop();
    }
  });

  test('answers 503 when the queue is full', async () => {
    const app = await start(makeAdapter);
    await app.mq.queue('/orders/paid/').declareGroup('slow');
    await app.mq.queue('/orders/paid/').configure({ maxLength: 1 });
    const send = (id: string) => app.post('/webhooks/in', BODY, standardHeaders(BODY, { id }));
    expect((await send('a')).status).toBe(202);
    expect((await send('b')).status).toBe(503);
  });

  test("answers Slack's challenge when it is signed, and its events without a body", async () => {
    const app = await start(makeAdapter, { scheme: 'slack', secrets: 'slack secret' });
    const send = (body: string, secret = 'slack secret') => {
      const sign = hmacSigner({
        ...{ header: 'x-slack-signature', timestampHeader: 'x-slack-request-timestamp' },
        ...{ template: 'v0:{timestamp}:{body}', format: 'v0={signature}', secret },
      });
      const timestamp = Math.floor(Date.now() / 1_000);
      const type = { 'content-type': 'application/json' };
      return app.post('/webhooks/in', body, { ...type, ...sign({ id: 'a', timestamp, body }) });
    };
    const challenge = '{"type":"url_verification","challenge":"3eZbrw1aB"}';
    const answer = await send(challenge);
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { challenge: '3eZbrw1aB' }]);
    expect((await send(challenge, 'other')).status).toBe(401);
    expect(await send('{"type":"event_callback","event_id":"Ev1"}')).toMatchObject({
      ...{ status: 202, text: '' },
    });
    expect(await logOf('orders/paid')).toMatchObject([{ id: 'Ev1' }]);
  });

  test('answers Twilio 204, whose URL it verifies', async () => {
    const url = 'https://example.com/webhooks/in';
    const app = await start(makeAdapter, { scheme: 'twilio', secrets: 'token', url });
    const body = 'From=%2B1&Body=Gr%C3%BC%C3%9Fe';
    const signature = createHmac('sha1', 'token')
      .update(`${url}?a=1BodyGrüßeFrom+1`)
      .digest('base64');
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': signature,
    };
    expect(await app.post('/webhooks/in?a=1', body, headers)).toMatchObject({
      ...{ status: 204, text: '' },
    });
    expect((await app.post('/webhooks/in?a=2', body, headers)).status).toBe(401);
    expect(await logOf('orders/paid')).toMatchObject([{ data: { From: '+1', Body: 'Grüße' } }]);
  });

  test('maps, routes by the event, and carries the headers that say what happened', async () => {
    const app = await start(makeAdapter, {
      ...{ path: '/:tenant/github', scheme: 'github', secrets: 'github secret' },
      headers: ['X-Request-Source'],
      route: ({ headers }) => `/github/${String(headers['x-github-event'])}/`,
      map: ({ data, params, id }) =>
        Object(data) === data ? { data, id, tenant: params['tenant'] } : undefined,
    });
    const headers = { ...githubHeaders('{"a":1}'), 'x-request-source': 'test', 'x-other': 'no' };
    expect((await app.post('/acme/github', '{"a":1}', headers)).status).toBe(202);
    const ignored = await app.post('/acme/github', '7', githubHeaders('7', { id: 'delivery-2' }));
    expect([ignored.status, JSON.parse(ignored.text)]).toEqual([202, { outcome: 'ignored' }]);
    expect(await logOf('github/push')).toEqual([
      {
        id: 'delivery-1',
        data: { data: { a: 1 }, id: 'delivery-1', tenant: 'acme' },
        headers: { 'x-github-event': 'push', 'x-request-source': 'test' },
      },
    ]);
  });

  test('reads forms and the content types that it is told', async () => {
    const app = await start(makeAdapter, { contentTypes: ['application/xml'] });
    const send = (body: string, type: string, id: string) =>
      app.post('/webhooks/in', body, { ...standardHeaders(body, { id }), 'content-type': type });
    await send('a=1', 'application/x-www-form-urlencoded', 'form');
    await send('<a/>', 'application/xml', 'xml');
    expect(await logOf('orders/paid')).toMatchObject([{ data: { a: '1' } }, { data: '<a/>' }]);
  });

  test('passes the guards of the application, with the decorators that it is given', async () => {
    class OnlyPublic implements CanActivate {
      canActivate(context: ExecutionContext) {
        return Reflect.getMetadata('isPublic', context.getHandler()) === true;
      }
    }
    const guarded = (decorators: IngressRoute['decorators'] = []) =>
      apps.start(
        {
          imports: [WebhookIngress.forRoot([{ ...STANDARD, decorators }])],
          providers: [{ provide: APP_GUARD, useClass: OnlyPublic }],
        },
        makeAdapter,
      );
    const open = await guarded([SetMetadata('isPublic', true)]);
    expect((await open.post('/webhooks/in', BODY, standardHeaders(BODY))).status).toBe(202);
    const shut = await guarded();
    expect((await shut.post('/webhooks/in', BODY, standardHeaders(BODY))).status).toBe(403);
  });

  test('does not start with a bad secret or without LeanMQ, and the error names the path', async () => {
    const bad = { ...STANDARD, secrets: 'bad' };
    await expect(start(makeAdapter, bad)).rejects.toThrow('WebhookIngress "/webhooks/in"');
    const app = await apps.create({ imports: [WebhookIngress.forRoot([STANDARD])] }, makeAdapter);
    await expect(app.init()).rejects.toThrow('import LeanMQModule');
  });
});

describe('the routes of an ingress', () => {
  test.each<[string, unknown]>([
    ['a list', []],
    ['a list', 'x'],
    ['path', [{ ...STANDARD, path: '' }]],
    ['route', [{ ...STANDARD, route: 7 }]],
    ['map', [{ ...STANDARD, map: 'x' }]],
    ['headers', [{ ...STANDARD, headers: 'x' }]],
    ['contentTypes', [{ ...STANDARD, contentTypes: [''] }]],
    ['rateLimit.count', [{ ...STANDARD, rateLimit: { count: 0, perMs: 1 } }]],
    ['perSecond', [{ ...STANDARD, rateLimit: { count: 1, perMs: 1, perSecond: 1 } }]],
    ['dedupeMs', [{ ...STANDARD, dedupeMs: 0 }]],
    ['answerWithinMs', [{ ...STANDARD, answerWithinMs: NaN }]],
    ['queue', [{ ...STANDARD, queue: '/x/' }]],
    ['/webhooks/in', [STANDARD, { ...STANDARD, path: 'webhooks/in/' }]],
  ])('are refused with a message about %s', (part, routes) => {
    expect(() => WebhookIngress.forRoot(routes as IngressRoute[])).toThrow(ConfigError);
    expect(() => WebhookIngress.forRoot(routes as IngressRoute[])).toThrow(part);
  });
});

/** Messages of a queue as they are in Redis. */
async function logOf(path: string) {
  const { redis, prefix } = apps.broker;
  const entries = await redis.xrange(`${prefix}:{${path}}:log`, '-', '+');
  return entries.map(([, list]) => {
    const fields = new Map<string, string>();
    for (let at = 0; at < list.length; at += 2) fields.set(list[at] ?? '', list[at + 1] ?? '');
    return {
      id: fields.get('i'),
      data: JSON.parse(fields.get('d') ?? 'null') as unknown,
      headers: JSON.parse(fields.get('h') ?? '{}') as unknown,
    };
  });
}
