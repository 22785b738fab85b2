import { describe, expect, test } from '@jest/globals';
import { VerifiedWebhook, type VerifiedWebhookOptions } from '@leanmq/http';
import { Controller, HttpCode, Param, Post, Res } from '@nestjs/common';

import { eventually } from '../support/eventually.js';
import { RedisServer } from '../support/redis-server.js';
import { signal } from '../nestjs/support/nest.js';
import { ADAPTERS, useHttpApps, type HttpApp } from './support/http-app.js';
import { SECRET, githubHeaders, standardHeaders } from './support/signed.js';

const apps = useHttpApps();
const BODY = '{"a":1}';

/** A controller whose method does what the test says. */
function controllerWith(
  handle: (run: number) => unknown,
  options: Partial<VerifiedWebhookOptions> = {},
) {
  const runs: number[] = [];
  @Controller('hooks')
  class HooksController {
    @Post(':name')
    @HttpCode(202)
    @VerifiedWebhook({ scheme: 'standard', secrets: SECRET, ...options })
    async receive(@Param('name') _: string) {
      runs.push(runs.length + 1);
      return handle(runs.length);
    }
  }
  return { HooksController, runs };
}

const send = (app: HttpApp, id = 'msg_1', path = '/hooks/a') =>
  app.post(path, BODY, standardHeaders(BODY, { id }));

describe.each(ADAPTERS)('an id on %s', (name, makeAdapter) => {
  test('that is done is answered like a success, and does not run again', async () => {
    const { HooksController, runs } = controllerWith(() => 'handled');
    const app = await apps.start({ controllers: [HooksController] }, makeAdapter);
    expect(await send(app)).toMatchObject({ status: 202, text: 'handled' });
    expect(await send(app)).toMatchObject({ status: 202, text: '' });
    expect(await send(app, 'msg_2')).toMatchObject({ status: 202, text: 'handled' });
    expect(await send(app, 'msg_1', '/hooks/b')).toMatchObject({ text: 'handled' });
    expect(runs).toHaveLength(3);
  });

  test('whose handler has failed runs again', async () => {
    const { HooksController, runs } = controllerWith((run) => {
      if (run < 3) throw new Error('not now');
      return 'handled';
    });
    const app = await apps.start({ controllers: [HooksController] }, makeAdapter);
    const statuses = [];
    for (let sent = 0; sent < 4; sent += 1) statuses.push((await send(app)).status);
    expect([statuses, runs]).toEqual([
      [500, 500, 202, 202],
      [1, 2, 3],
    ]);
  });

  test('that runs is answered 409 with retry-after, until its handler has ended', async () => {
    const [begun, end] = [signal(), signal()];
    const { HooksController, runs } = controllerWith(async () => {
      begun();
      await end.happened;
    });
    const app = await apps.start({ controllers: [HooksController] }, makeAdapter);
    const first = send(app);
    await begun.happened;
    const second = await send(app);
    expect([second.status, Number(second.headers.get('retry-after'))]).toEqual([409, 30]);
    end();
    expect((await first).status).toBe(202);
    expect((await send(app)).status).toBe(202);
    expect(runs).toEqual([1]);
  });

  test('keeps its lease as long as its handler runs, and only so long', async () => {
    const [begun, end] = [signal(), signal()];
    const options = { dedupe: { leaseMs: 300, windowMs: 60_000 } };
    const { HooksController } = controllerWith(async () => {
      begun();
      await end.happened;
    }, options);
    const app = await apps.start({ controllers: [HooksController] }, makeAdapter);
    const { redis, prefix } = apps.broker;
    const first = send(app);
    await begun.happened;
    const [key = ''] = await redis.keys(`${prefix}:{http:0}:inbound:*`);
    const { length } = (await redis.get(key)) ?? '';
    expect(length).toBeGreaterThan(20);
    // Renewed: it is nearly new again after it was nearly over.
    await redis.pexpire(key, 150);
    await eventually(async () => (await redis.pttl(key)) > 200);
    end();
    await first;
    expect(await redis.get(key)).toBe('done');
    expect(await redis.pttl(key)).toBeGreaterThan(50_000);
  });

  test('of a process that died runs again when its lease is over', async () => {
    const { HooksController, runs } = controllerWith(() => undefined);
    const app = await apps.start({ controllers: [HooksController] }, makeAdapter);
    await send(app);
    const { redis, prefix } = apps.broker;
    const [key = ''] = await redis.keys(`${prefix}:{http:0}:inbound:*`);
    await redis.set(key, 'running another', 'PX', 200);
    expect((await send(app)).status).toBe(409);
    await eventually(async () => (await redis.exists(key)) === 0);
    expect((await send(app)).status).toBe(202);
    expect(runs).toHaveLength(2);
  });

  test('is ignored when it is missing or deduplication is off', async () => {
    const { HooksController, runs } = controllerWith(() => undefined, { dedupe: false });
    const app = await apps.start({ controllers: [HooksController] }, makeAdapter);
    await send(app);
    await send(app);
    expect(runs).toHaveLength(2);
    expect(await apps.broker.redis.keys(`${apps.broker.prefix}:*inbound*`)).toEqual([]);
    const other = controllerWith(() => undefined, { scheme: 'github', secrets: 'github secret' });
    const second = await apps.start({ controllers: [other.HooksController] }, makeAdapter);
    const { 'x-github-delivery': _, ...headers } = githubHeaders(BODY);
    await second.post('/hooks/a', BODY, headers);
    await second.post('/hooks/a', BODY, headers);
    expect(other.runs).toHaveLength(2);
  });

  test('of a method that answers by itself is answered when it is a duplicate, and freed by a failure', async () => {
    const statuses = [503, 200];
    @Controller('hooks')
    class AnsweringController {
      @Post('a')
      @VerifiedWebhook({ scheme: 'standard', secrets: SECRET })
      receive(@Res() response: AnyReply) {
        const status = statuses.shift() ?? 500;
        response.status(status).send('by itself');
      }
    }
    const app = await apps.start({ controllers: [AnsweringController] }, makeAdapter);
    expect(await send(app)).toMatchObject({ status: 503, text: 'by itself' });
    expect(await send(app)).toMatchObject({ status: 200, text: 'by itself' });
    expect(await send(app)).toMatchObject({ status: 200, text: '' });
    expect([name, statuses]).toEqual([name, []]);
  });

  test('is answered 503 with retry-after while Redis is away, and its handler does not run', async () => {
    const { HooksController, runs } = controllerWith(() => undefined);
    const server = await RedisServer.start();
    try {
      const app = await apps.start({ controllers: [HooksController] }, makeAdapter, {
        mq: { redis: server.url },
      });
      expect((await send(app)).status).toBe(202);
      server.freeze();
      const answer = await send(app, 'msg_2');
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      expect(runs).toHaveLength(1);
      server.thaw();
      await app.app.close();
    } finally {
      await server.stop();
    }
  });
});

interface AnyReply {
  status(code: number): { send(text: string): unknown };
}
