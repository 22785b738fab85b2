import 'reflect-metadata';

import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo, Server } from 'node:net';

import { describe, expect, test } from '@jest/globals';
import { InboundWebhooksModule, VerifiedWebhook, type VerifiedWebhookOptions } from '@leanmq/http';
import { ConfigError, LeanMQModule } from '@leanmq/nestjs';
import { All, Controller, Headers, Post, Version, VersioningType, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, RouteConfig } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';

import { ADAPTERS, moduleOf, request, useHttpApps } from './support/http-app.js';
import { SECRET, standardHeaders } from './support/signed.js';

/** Express comes with Nest's adapter, and without types. */
const express = createRequire(import.meta.url)('express') as {
  (): ExpressApplication;
  json(): unknown;
};
interface ExpressApplication {
  use(...handlers: unknown[]): void;
  listen(port: number, host: string): Server;
}

const apps = useHttpApps();

const STANDARD = { scheme: 'standard', secrets: SECRET, dedupe: false } as const;

function controllerWith(options: VerifiedWebhookOptions): Type {
  @Controller()
  class HooksController {
    @Post('in')
    @VerifiedWebhook(options)
    receive() {}
  }
  return HooksController;
}

const withMq = () => [LeanMQModule.forRoot(apps.options()), InboundWebhooksModule];

describe.each(ADAPTERS)('an application on %s does not start', (_, makeAdapter) => {
  async function failureOf(controller: Type, imports: unknown[] = [InboundWebhooksModule]) {
    try {
      const app = await apps.create(
        { imports: imports as never, controllers: [controller] },
        makeAdapter,
      );
      await apps.listen(app);
    } catch (error) {
      return error as Error;
    }
    throw new Error('It started.');
  }

  test.each<[string, VerifiedWebhookOptions]>([
    ['There is no secret', { scheme: 'stripe', dedupe: false }],
    ['"secrets[0]"', { ...STANDARD, secrets: 'no prefix' }],
    ['"secrets[1]"', { ...STANDARD, secrets: [SECRET, ''] }],
    ['"secrets[0]"', { ...STANDARD, secrets: { useFactory: () => '' } }],
    ['is not known', { ...STANDARD, scheme: 'unknown' as never }],
    ['"url"', { scheme: 'twilio', secrets: 'a', dedupe: false }],
    ['"url"', { scheme: 'square', secrets: () => 'a', dedupe: false }],
    ['"url"', { scheme: 'square', secrets: 'a', url: '/path', dedupe: false }],
    ['"toleranceMs"', { ...STANDARD, toleranceMs: -1 }],
    ['"dedupe"', { scheme: 'standard', secrets: SECRET }],
  ])(
    'with a mistake in a decorator, and the error names method and remedy: %s',
    async (part, options) => {
      const error = await failureOf(controllerWith(options));
      expect(error).toBeInstanceOf(ConfigError);
      expect(error.message).toContain('HooksController.receive');
      expect(error.message).toContain(part);
    },
  );

  test('without the module', async () => {
    const error = await failureOf(controllerWith(STANDARD), []);
    expect(error.message).toContain('InboundWebhooksModule');
  });

  test('with a verified method that has no route', async () => {
    @Controller()
    class HooksController {
      @VerifiedWebhook(STANDARD)
      receive() {}
    }
    expect((await failureOf(HooksController)).message).toContain('add @Post()');
  });

  test('with a method that another decorator has replaced, which would not be verified', async () => {
    const Replaced = (_target: object, _name: string): PropertyDescriptor => ({
      value: () => undefined,
    });
    @Controller()
    class HooksController {
      @Post('in')
      @Replaced
      @VerifiedWebhook(STANDARD)
      receive() {}
    }
    expect(await failureOf(HooksController)).toMatchObject({ code: 'HANDLER_REPLACED' });
  });
});

describe('a decorator', () => {
  test.each<[string, VerifiedWebhookOptions]>([
    ['maxBodyBytes', { ...STANDARD, maxBodyBytes: 0 }],
    ['windowMs', { ...STANDARD, dedupe: { windowMs: 1.5 } }],
    ['leaseMs', { ...STANDARD, dedupe: { leaseMs: 1 } }],
    ['dedupe', { ...STANDARD, dedupe: 'yes' as never }],
    ['secret', { ...STANDARD, secret: 'x' } as never],
    ['ttl', { ...STANDARD, dedupe: { ttl: 1 } as never }],
  ])('refuses a wrong "%s" at once', (option, options) => {
    expect(() => controllerWith(options)).toThrow(ConfigError);
    expect(() => controllerWith(options)).toThrow(`"${option}"`);
  });
});

describe('raw bodies', () => {
  test('are there when a parser was put into Express before Nest', async () => {
    const server = express();
    server.use(express.json());
    const app = await apps.create(
      { imports: withMq(), controllers: [controllerWith(STANDARD)] },
      () => new ExpressAdapter(server),
    );
    const { post } = await apps.listen(app);
    const body = '{"a": 1}';
    expect(await post('/in', body, standardHeaders(body))).toMatchObject({ status: 201 });
  });

  test('that a parent application has read are an error of the server, not of the sender', async () => {
    const parent = express();
    const server = express();
    parent.use(express.json());
    parent.use('/nested', server);
    const app = await apps.create(
      { imports: withMq(), controllers: [controllerWith(STANDARD)] },
      () => new ExpressAdapter(server),
    );
    await app.init();
    const outside = parent.listen(0, '127.0.0.1');
    await once(outside, 'listening');
    const { port } = outside.address() as AddressInfo;
    const body = '{"a": 1}';
    const sent = { method: 'POST', body, headers: standardHeaders(body) };
    expect(await request(`http://127.0.0.1:${port}/nested/in`, sent)).toMatchObject({
      status: 500,
    });
    outside.close();
  });

  test('are there in an application that the test kit of Nest made', async () => {
    const module = await Test.createTestingModule({
      imports: withMq(),
      controllers: [controllerWith(STANDARD)],
    }).compile();
    const app = module.createNestApplication();
    const { post } = await apps.listen(app);
    const body = '{"a": 1}';
    expect(await post('/in', body, standardHeaders(body))).toMatchObject({ status: 201 });
    expect(await post('/in', '{"a":1}', standardHeaders(body))).toMatchObject({ status: 401 });
    await app.close();
  });

  test('cannot be kept for one of two handlers that a header chooses between', async () => {
    @Controller()
    class HooksController {
      @Version('1')
      @Post('in')
      @VerifiedWebhook(STANDARD)
      one() {}

      @Version('2')
      @Post('in')
      two(@Headers('x') _: string) {}
    }
    const app = await apps.create(
      { imports: withMq(), controllers: [HooksController] },
      () => new ExpressAdapter(),
    );
    app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' });
    await expect(app.init()).rejects.toMatchObject({ code: 'RAW_BODY_UNAVAILABLE' });
  });

  test('cannot be kept on Fastify when its route has another configuration', async () => {
    @Controller()
    class HooksController {
      @RouteConfig({ a: 1 })
      @Post('in')
      @VerifiedWebhook(STANDARD)
      receive() {}
    }
    const app = await apps.create(
      { imports: withMq(), controllers: [HooksController] },
      () => new FastifyAdapter(),
    );
    await expect(app.init()).rejects.toThrow('above @RouteConfig');
  });

  test('cannot be kept on Fastify for a route that takes all methods', async () => {
    @Controller()
    class HooksController {
      @All('in')
      @VerifiedWebhook(STANDARD)
      receive() {}
    }
    const app = await apps.create(
      { imports: withMq(), controllers: [HooksController] },
      () => new FastifyAdapter(),
    );
    await expect(app.init()).rejects.toThrow('use @Post()');
  });

  test('are not needed in a context without HTTP', async () => {
    const worker = { imports: withMq(), controllers: [controllerWith({ scheme: 'stripe' })] };
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class
    const context = await NestFactory.createApplicationContext(moduleOf(worker), {
      logger: false,
      abortOnError: false,
    });
    await context.close();
  });
});
