import { connect } from 'node:net';

import { ConfigError } from '@leanmq/core';
import { describe, expect, test } from '@jest/globals';

import { createWebhookSecret, signWebhook } from '../signing/index.js';
import { WebhookReceiver, type WebhookReceiverOptions } from './index.js';

const SECRET = createWebhookSecret();

function post(url: string, body = '{"a":1}', { id = 'msg_1', secret = SECRET } = {}) {
  const timestamp = Math.floor(Date.now() / 1_000);
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signWebhook({ id, timestamp, body, secret }),
  };
  return fetch(url, { method: 'POST', body, headers, signal: AbortSignal.timeout(300) });
}

describe('a receiver', () => {
  test('records requests with their bytes, and answers 204', async () => {
    await using receiver = await WebhookReceiver.start();
    const answer = await fetch(`${receiver.url}hook?a=1`, { method: 'PUT', body: '{"n": 1.0}' });
    expect(answer.status).toBe(204);
    const received = await receiver.next();
    expect(received).toMatchObject({ method: 'PUT', path: '/hook?a=1', text: '{"n": 1.0}' });
    expect(received.json()).toEqual({ n: 1 });
    expect([received.verification, received.refusal]).toEqual([undefined, undefined]);
  });

  test('verifies requests, and answers 401 to those that are not proved', async () => {
    await using receiver = await WebhookReceiver.start({
      secrets: ['whsec_' + 'A'.repeat(32), SECRET],
    });
    receiver.answerNext(202);
    expect((await post(receiver.url, 'x', { secret: createWebhookSecret() })).status).toBe(401);
    expect((await post(receiver.url)).status).toBe(202);
    const [refused, proved] = await receiver.received(2);
    expect(refused?.refusal?.reason).toBe('signature');
    expect(proved?.verification).toMatchObject({ id: 'msg_1', secretIndex: 1 });
  });

  test('answers as it is told, in turn, and then as usual', async () => {
    await using receiver = await WebhookReceiver.start({ answer: 200 });
    receiver.answerNext(500, { status: 503, headers: { 'retry-after': '1' }, body: 'later' }, 410);
    const statuses = [];
    for (let sent = 0; sent < 4; sent += 1) {
      const answer = await post(receiver.url);
      statuses.push([answer.status, answer.headers.get('retry-after'), await answer.text()]);
    }
    expect(statuses).toEqual([
      [500, null, ''],
      [503, '1', 'later'],
      [410, null, ''],
      [200, null, ''],
    ]);
  });

  test('hangs, resets and drips', async () => {
    await using receiver = await WebhookReceiver.start();
    receiver.answerNext('hang', 'reset', 'drip', { status: 200, delayMs: 60_000 });
    await expect(post(receiver.url)).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect(post(receiver.url)).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    const dripping = await post(receiver.url);
    expect(dripping.status).toBe(200);
    await expect(dripping.text()).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect(post(receiver.url)).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(receiver.requests).toHaveLength(4);
  });

  test('gives each request once, also to those that wait together', async () => {
    await using receiver = await WebhookReceiver.start();
    const both = Promise.all([receiver.next(), receiver.next()]);
    await post(receiver.url, 'one');
    await post(receiver.url, 'two');
    expect((await both).map(({ text }) => text)).toEqual(['one', 'two']);
    await expect(receiver.next({ timeoutMs: 20 })).rejects.toThrow('2 of 3 requests');
  });

  test('leaves out a request that was cut off', async () => {
    await using receiver = await WebhookReceiver.start();
    const socket = connect(Number(new URL(receiver.url).port), '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf', () =>
      socket.destroy(),
    );
    await post(receiver.url);
    expect(receiver.requests.map(({ text }) => text)).toEqual(['{"a":1}']);
  });

  test.each<[string, unknown]>([
    ['answer', { answer: 99 }],
    ['answer', { answer: 'sulk' }],
    ['scheme', { scheme: 'x', secrets: 'x' }],
    ['secrets[0]', { secrets: 'x' }],
    ['status', { status: 200 }],
  ])('refuses a wrong "%s": %p', async (option, options) => {
    const starting = WebhookReceiver.start(options as WebhookReceiverOptions);
    await expect(starting).rejects.toBeInstanceOf(ConfigError);
    await expect(starting).rejects.toThrow(new RegExp(option.replace(/\W/g, '.'), 'i'));
  });
});
