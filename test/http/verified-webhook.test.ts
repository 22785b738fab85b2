import { AsyncLocalStorage } from 'node:async_hooks';
import { connect } from 'node:net';

import { describe, expect, test } from '@jest/globals';
import {
  InboundWebhooksModule,
  Verified,
  VerifiedWebhook,
  WebhookVerificationError,
  type VerifiedWebhookOptions,
  type WebhookVerification,
} from '@leanmq/http';
import {
  Body,
  Controller,
  Get,
  HttpCode,
  Param,
  Post,
  Req,
  type INestApplication,
} from '@nestjs/common';

import { LeanMQModule } from '@leanmq/nestjs';
import { ADAPTERS, request, useHttpApps } from './support/http-app.js';
import { SECRET, githubHeaders, standardHeaders } from './support/signed.js';

const apps = useHttpApps();

interface Seen {
  readonly body: unknown;
  readonly proof: WebhookVerification;
  readonly raw: string | undefined;
}

/** A controller with a verified route beside an ordinary one. */
function controllerWith(options: Partial<VerifiedWebhookOptions> = {}) {
  const seen: Seen[] = [];

  @Controller('hooks')
  class HooksController {
    @Post('in')
    @HttpCode(200)
    @VerifiedWebhook({ scheme: 'standard', secrets: SECRET, dedupe: false, ...options })
    receive(
      @Body() body: unknown,
      @Verified() proof: WebhookVerification,
      @Req() { rawBody }: { rawBody?: Buffer },
    ) {
      seen.push({ body, proof, raw: rawBody?.toString() });
      return 'handled';
    }

    @Post('plain')
    plain(@Body() body: unknown, @Req() { rawBody }: { rawBody?: Buffer }) {
      return { body, hasRawBody: rawBody !== undefined };
    }

    @Get('in')
    look() {
      return 'looked';
    }
  }
  return { HooksController, seen };
}

describe.each(ADAPTERS)('a verified webhook on %s', (name, makeAdapter) => {
  test('reaches its handler with the parsed body and the proof', async () => {
    const { HooksController, seen } = controllerWith();
    const app = await apps.start({ controllers: [HooksController] }, makeAdapter);
    const body = '{"text":  "Grüße 😀", "n": 1.0}';
    const answer = await app.post('/hooks/in', body, standardHeaders(body));
    expect(answer).toMatchObject({ status: 200, text: 'handled' });
    const proof = { id: 'msg_1', timestamp: expect.any(Number), secretIndex: 0 };
    expect(seen).toEqual([{ body: { text: 'Grüße 😀', n: 1 }, proof, raw: body }]);
  });

  test.each([
    ['a form', 'application/x-www-form-urlencoded', 'a=1&a=2&b=%C3%BC', { a: ['1', '2'], b: 'ü' }],
    ['text', 'text/plain', 'ü', 'ü'],
    ['JSON of another type', 'application/cloudevents+json; charset=utf-8', '{"a":1}', { a: 1 }],
    ['bytes', 'application/octet-stream', Buffer.from([0, 255]), Buffer.from([0, 255])],
    ['nothing', 'application/json', '', undefined],
  ])('is parsed by its content type: %s', async (_, type, body, parsed) => {
    const { HooksController, seen } = controllerWith();
    const app = await apps.start({ controllers: [HooksController] }, makeAdapter);
    const headers = { ...standardHeaders(body), 'content-type': type };
    expect(await app.post('/hooks/in', body, headers)).toMatchObject({ status: 200 });
    expect(seen.map((each) => each.body)).toEqual([parsed]);
  });

  test('is refused before its handler runs, and the answer says why', async () => {
    const { HooksController, seen } = controllerWith();
    const app = await apps.start({ controllers: [HooksController] }, makeAdapter);
    const body = '{"a":1}';
    const headers = standardHeaders(body);
    const { 'webhook-id': _, ...withoutId } = headers;
    for (const [status, reason, sent, with_] of [
      [401, 'signature', '{"a":2}', headers],
      [401, 'signature', '{"a":1} ', headers],
      [401, 'missing', body, withoutId],
      [401, 'timestamp', body, standardHeaders(body, { agoS: 301 })],
      [400, 'malformed', body, { ...headers, 'webhook-signature': 'nonsense' }],
      [401, 'signature', 'not { JSON', headers],
    ] as const) {
      const answer = await app.post('/hooks/in', sent, with_);
      expect([answer.status, JSON.parse(answer.text)]).toEqual([
        status,
        expect.objectContaining({
          statusCode: status,
          reason,
          code: `WEBHOOK_${reason.toUpperCase()}`,
        }),
      ]);
      expect(answer.text).not.toContain('parsed and serialised');
    }
    expect(seen).toEqual([]);
  });

  test('that is signed but not JSON is answered 400', async () => {
    const { HooksController } = controllerWith();
    const app = await apps.start({ controllers: [HooksController] }, makeAdapter);
    const body = '{"a":';
    expect(await app.post('/hooks/in', body, standardHeaders(body))).toMatchObject({ status: 400 });
  });

  test('leaves the bodies of other routes to their parsers, without raw bytes', async () => {
    const { HooksController } = controllerWith();
    const app = await apps.start({ controllers: [HooksController] }, makeAdapter);
    const answer = await app.post('/hooks/plain', '{"a":1}', {
      'content-type': 'application/json',
    });
    expect(JSON.parse(answer.text)).toEqual({ body: { a: 1 }, hasRawBody: false });
    expect(await request(`${app.url}/hooks/in`)).toMatchObject({ status: 200, text: 'looked' });
    const bad = await app.post('/hooks/plain', '{"a":', { 'content-type': 'application/json' });
    expect(bad.status).toBe(400);
  });

  test('is answered 413 when it is too large, whether it says so or not', async () => {
    const { HooksController, seen } = controllerWith({ maxBodyBytes: 100 });
    const app = await apps.start({ controllers: [HooksController] }, makeAdapter);
    const fitting = JSON.stringify('x'.repeat(98));
    const large = JSON.stringify('x'.repeat(99));
    expect(await app.post('/hooks/in', fitting, standardHeaders(fitting))).toMatchObject({
      status: 200,
    });
    expect(await app.post('/hooks/in', large, standardHeaders(large))).toMatchObject({
      status: 413,
    });
    const status = await chunked(app.url, '/hooks/in', ['x'.repeat(90), 'x'.repeat(90)]);
    expect(status).toContain(' 413 ');
    expect(seen).toHaveLength(1);
  });

  test('is verified under a global prefix, with versions and parameters in its path', async () => {
    const proofs: string[] = [];
    @Controller({ path: 'hooks', version: '2' })
    class VersionedController {
      @Post(':tenant/in')
      @VerifiedWebhook({
        scheme: 'github',
        dedupe: false,
        secrets: ({ params }) =>
          params['tenant'] === 'acme' ? ['old', 'github secret'] : undefined,
      })
      receive(@Param('tenant') tenant: string, @Verified() { secretIndex }: WebhookVerification) {
        proofs.push(`${tenant} ${secretIndex}`);
      }
    }
    const app = await apps.create(
      { imports: modules(), controllers: [VersionedController] },
      makeAdapter,
    );
    app.setGlobalPrefix('api');
    app.enableVersioning();
    const { post } = await apps.listen(app);
    const body = '{"a":1}';
    const answer = await post('/api/v2/hooks/acme/in', body, githubHeaders(body));
    expect([answer.status, proofs]).toEqual([201, ['acme 1']]);
    const other = await post('/api/v2/hooks/other/in', body, githubHeaders(body));
    expect(other).toMatchObject({ status: 401 });
  });

  test('works without the parsers of Nest', async () => {
    const { HooksController, seen } = controllerWith();
    const app = await apps.start({ controllers: [HooksController] }, makeAdapter, {
      bodyParser: false,
    });
    const body = '{"a":1}';
    expect(await app.post('/hooks/in', body, standardHeaders(body))).toMatchObject({ status: 200 });
    expect(seen).toMatchObject([{ body: { a: 1 } }]);
  });

  test('keeps what a middleware has put into an AsyncLocalStorage', async () => {
    const storage = new AsyncLocalStorage<string>();
    const stores: unknown[] = [];
    @Controller()
    class StoredController {
      @Post('in')
      @VerifiedWebhook({ scheme: 'standard', secrets: SECRET, dedupe: false })
      receive() {
        stores.push(storage.getStore());
      }
    }
    const app = await apps.create(
      { imports: modules(), controllers: [StoredController] },
      makeAdapter,
    );
    if (name === 'Express') {
      app.use((_request: unknown, _response: unknown, next: () => void) =>
        storage.run('kept', next),
      );
    } else {
      fastifyOf(app).addHook('onRequest', (_request, _reply, done) => storage.run('kept', done));
    }
    const { post } = await apps.listen(app);
    const body = 'x'.repeat(200_000);
    expect(await post('/in', body, standardHeaders(body))).toMatchObject({ status: 400 });
    const json = JSON.stringify(body);
    expect(await post('/in', json, standardHeaders(json))).toMatchObject({ status: 201 });
    expect(stores).toEqual(['kept']);
  });

  test('is verified by a function, which sees the raw body', async () => {
    const { HooksController, seen } = controllerWith({
      secrets: [],
      scheme: async ({ body, headers }) => {
        const { authorization } = headers as Record<string, string>;
        if (authorization !== `Bearer ${body.length}`) {
          throw new WebhookVerificationError('signature', 'no');
        }
        return { id: 'own', timestamp: undefined, secretIndex: 0 };
      },
    });
    const app = await apps.start({ controllers: [HooksController] }, makeAdapter);
    const headers = { 'content-type': 'application/json', authorization: 'Bearer 2' };
    expect(await app.post('/hooks/in', '{}', headers)).toMatchObject({ status: 200 });
    expect(await app.post('/hooks/in', '{ }', headers)).toMatchObject({ status: 401 });
    expect(seen.map(({ proof }) => proof.id)).toEqual(['own']);
  });

  test('whose secrets come from a provider is verified by them', async () => {
    class Config {
      readonly secret = SECRET;
    }
    const { HooksController, seen } = controllerWith({
      secrets: { inject: [Config], useFactory: (config: Config) => config.secret },
    });
    const app = await apps.start(
      { controllers: [HooksController], providers: [Config] },
      makeAdapter,
    );
    expect(await app.post('/hooks/in', '{}', standardHeaders('{}'))).toMatchObject({ status: 200 });
    expect(seen).toHaveLength(1);
  });

  test('with a bad secret for a request is answered 500, not as if the sender were wrong', async () => {
    const { HooksController } = controllerWith({ secrets: () => 'not base64' });
    const app = await apps.start({ controllers: [HooksController] }, makeAdapter);
    expect(await app.post('/hooks/in', '{}', standardHeaders('{}'))).toMatchObject({ status: 500 });
  });
});

function modules() {
  return [LeanMQModule.forRoot(apps.options()), InboundWebhooksModule];
}

interface FastifyLike {
  addHook(
    name: 'onRequest',
    hook: (request: unknown, reply: unknown, done: () => void) => void,
  ): void;
}
const fastifyOf = (app: INestApplication): FastifyLike =>
  app.getHttpAdapter().getInstance() as FastifyLike;

/** Sends a body without its length, and reads the status line. */
function chunked(url: string, path: string, chunks: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.setEncoding('utf8').once('error', reject);
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n`,
    );
    for (const chunk of chunks) socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    socket.once('data', (text: string) => {
      resolve(text.split('\r\n')[0] ?? '');
      socket.destroy();
    });
  });
}
