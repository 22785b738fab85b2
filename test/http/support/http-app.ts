import 'reflect-metadata';

import { afterEach } from '@jest/globals';
import { InboundWebhooksModule } from '@leanmq/http';
import { LeanMQ, LeanMQModule, type LeanMQModuleOptions } from '@leanmq/nestjs';
import { Module, type INestApplication, type ModuleMetadata, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';

import { QUICK, useBroker, type Broker } from '../../support/broker.js';

/** HTTP servers that Nest applications run on. */
export const ADAPTERS = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
] as const;
export type MakeAdapter = (typeof ADAPTERS)[number][1];

/** Options of Nest that tests change. */
export interface AppOptions {
  readonly bodyParser?: boolean;
  /** Options of `LeanMQModule`. */
  readonly mq?: Partial<LeanMQModuleOptions>;
}

/** An application that listens. */
export interface HttpApp {
  readonly app: INestApplication;
  readonly mq: LeanMQ;
  /** `http://127.0.0.1:…` */
  readonly url: string;
  post(path: string, body: string | Buffer, headers?: Record<string, string>): Promise<Answer>;
}

/** Answer to a request. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface HttpApps {
  readonly broker: Broker;
  /** Options for the test's namespace. */
  options(more?: Partial<LeanMQModuleOptions>): LeanMQModuleOptions;
  /** Creates an application that is closed when the test ends; it is not started. */
  create(
    metadata: ModuleMetadata,
    makeAdapter: MakeAdapter,
    options?: AppOptions,
  ): Promise<INestApplication>;
  /** The same, and starts it. */
  start(metadata: ModuleMetadata, makeAdapter: MakeAdapter, options?: AppOptions): Promise<HttpApp>;
  listen(app: INestApplication): Promise<HttpApp>;
}

/** Nest applications with HTTP, in a namespace of Redis for each test. */
export function useHttpApps(): HttpApps {
  let open: INestApplication[] = [];
  afterEach(async () => {
    const apps = open;
    open = [];
    await Promise.allSettled(apps.map((app) => app.close()));
  });
  const broker = useBroker();

  const apps: HttpApps = {
    broker,
    options: (more = {}) => ({
      ...QUICK,
      redis: broker.url,
      prefix: broker.prefix,
      group: broker.prefix,
      logger: false,
      ...more,
    }),
    async create(metadata, makeAdapter, { bodyParser = true } = {}) {
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class
      const app = await NestFactory.create(moduleOf(metadata), makeAdapter(), {
        logger: false,
        abortOnError: false,
        bodyParser,
      });
      open.push(app);
      return app;
    },
    async start({ imports = [], ...metadata }, makeAdapter, options = {}) {
      const app = await apps.create(
        {
          imports: [
            LeanMQModule.forRoot(apps.options(options.mq)),
            InboundWebhooksModule,
            ...imports,
          ],
          ...metadata,
        },
        makeAdapter,
        options,
      );
      return apps.listen(app);
    },
    async listen(app) {
      await app.listen(0, '127.0.0.1');
      const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
      return {
        ...{ app, url },
        mq: app.get(LeanMQ),
        post: (path, body, headers = {}) => request(url + path, { method: 'POST', body, headers }),
      };
    },
  };
  return apps;
}

/** A module class with this metadata. */
export function moduleOf(metadata: ModuleMetadata): Type {
  @Module(metadata)
  class AppModule {}
  return AppModule;
}

/** Sends a request, and reads its answer to the end. */
export async function request(
  url: string,
  init: { method?: string; body?: string | Buffer; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { body, ...rest } = init;
  const response = await fetch(url, {
    ...rest,
    ...(body === undefined ? {} : { body: body as string }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
