import { readFile } from 'node:fs/promises';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createWebhookSecret, hmacSigner, signWebhook } from '@leanmq/http';
import { LeanMQ } from '@leanmq/nestjs';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { eventually } from '../support/eventually.js';
import { RedisServer } from '../support/redis-server.js';
import type * as Example from './examples/webhooks-inbound.js';

const open: { close(): Promise<void> }[] = [];
afterAll(async () => {
  for (const each of open.reverse()) await each.close();
});

/** An example on the page may be a part of an expression. */
const withoutIndent = (code: string): string => code.replace(/^ +/gm, '');

const secrets = { STRIPE: 'whsec_stripe', GITHUB: 'github', SLACK: 'slack' };
let example: typeof Example;

beforeAll(async () => {
  const server = await RedisServer.start();
  open.push({ close: () => server.stop() });
  process.env['REDIS_URL'] = server.url;
  for (const [name, secret] of Object.entries(secrets)) process.env[`${name}_SECRET`] = secret;
  process.env['SHOPIFY_SECRETS'] = 'old,new';
  process.env['INTERNAL_TOKEN'] = 'token';
  // The environment is read when the file is loaded.
  example = await import('./examples/webhooks-inbound.js');
});

const file = (name: string): Promise<string> => readFile(new URL(name, import.meta.url), 'utf8');

test('every TypeScript example of the page is part of a file that is compiled and run here', async () => {
  const source = withoutIndent(await file('examples/webhooks-inbound.ts'));
  const page = await file('../../docs/webhooks-inbound.md');
  const blocks = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => code);
  expect(blocks.length).toBeGreaterThan(5);
  for (const block of blocks) expect(source).toContain(withoutIndent(block).trim());
});

test('the examples take webhooks in as the page says', async () => {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class
  const app: INestApplication = await NestFactory.create(example.AppModule, { logger: false });
  open.push(app);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const timestamp = Math.floor(Date.now() / 1_000);
  const send = async (path: string, body: string, headers: Record<string, string>) => {
    const sent = { 'content-type': 'application/json', ...headers };
    return (await fetch(url + path, { method: 'POST', body, headers: sent })).status;
  };
  const signed = (body: string, contract: Parameters<typeof hmacSigner>[0]) =>
    hmacSigner(contract)({ id: 'a', timestamp, body });

  const event = '{"id":"evt_1","type":"invoice.paid"}';
  const stripe = signed(event, {
    ...{ header: 'stripe-signature', template: '{timestamp}.{body}', secret: secrets.STRIPE },
    format: 't={timestamp},v1={signature}',
  });
  expect(await send('/webhooks/stripe', event, stripe)).toBe(200);
  const push = '{"repository":{"full_name":"a/b"}}';
  const github = signed(push, {
    ...{ header: 'x-hub-signature-256', format: 'sha256={signature}', secret: secrets.GITHUB },
  });
  expect(await send('/webhooks/github', push, { ...github, 'x-github-event': 'push' })).toBe(202);
  const order = '{"id":7}';
  const contract = { header: 'x-shopify-hmac-sha256', encoding: 'base64', secret: 'new' } as const;
  expect(await send('/webhooks/shopify', order, signed(order, contract))).toBe(202);
  const internal = { authorization: 'Bearer token', 'idempotency-key': 'call-1' };
  expect(await send('/internal/order-status', order, internal)).toBe(202);
  expect(await send('/internal/order-status', order, internal)).toBe(202);
  expect(await send('/internal/order-status', order, { authorization: 'Bearer x' })).toBe(401);

  await eventually(() => example.handled.includes('order 7'));
  expect(example.handled).toContain('evt_1 invoice.paid');
  const { redis } = app.get(LeanMQ);
  expect(await redis.xlen('leanmq:{order/status}:log')).toBe(1);
  const [[, fields] = ['', []]] = await redis.xrange('leanmq:{github/push}:log', '-', '+');
  expect(fields).toContain('{"repository":"a/b"}');
});

test('a request is verified without Nest, and a receiver answers as it is told', async () => {
  const secret = createWebhookSecret();
  const timestamp = Math.floor(Date.now() / 1_000);
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signWebhook({ id: 'msg_1', timestamp, body: '{}', secret }),
  };
  expect(example.receive(new Headers(headers), Buffer.from('{}'), secret)).toBe('msg_1');
  const statuses: number[] = [];
  const id = await example.tryReceiver(secret, async (url) => {
    for (let sent = 0; sent < 3; sent += 1) {
      statuses.push((await fetch(url, { method: 'POST', body: '{}', headers })).status);
    }
  });
  expect([id, statuses]).toEqual(['msg_1', [500, 503, 204]]);
});
