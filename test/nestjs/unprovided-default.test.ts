import 'reflect-metadata';

import { expect, test } from '@jest/globals';
import { LeanMQ, LeanMQModule, OnWebhook, type LeanMQEvents } from '@leanmq/nestjs';
import { Injectable, Module, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { expectNoClients } from '../support/leaks.js';
import { useNest } from './support/nest.js';

const nest = useNest();

// One after the other in this order: the default depends on what the process has started before.
test('by default a handler that no module provides ends the start of the only application of a process', async () => {
  @Injectable()
  class Forgotten {
    @OnWebhook('/forgotten')
    handle() {}
  }
  @Module({ imports: [LeanMQModule.forRoot(nest.options())] })
  class Application {}

  const logged: string[] = [];
  const keep = (line: unknown) => void logged.push(String(line));
  const logger: LoggerService = { log: keep, warn: keep, error: keep };
  const start = () =>
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class
    NestFactory.createApplicationContext(Application, { logger, abortOnError: false });
  await expect(start()).rejects.toMatchObject({
    name: 'ConfigError',
    code: 'HANDLER_UNPROVIDED',
    message: expect.stringContaining(
      'Forgotten, whose method handle handles "/forgotten": its messages would never be delivered',
    ),
  });
  await expectNoClients(nest.broker.redis, `leanmq:${nest.broker.prefix}:`);
  expect(Forgotten).toBeDefined();
});

test('by default it is a warning in a process that has started another application before', async () => {
  const warnings: LeanMQEvents['warning'][0][] = [];
  const listen = (mq: LeanMQ) => mq.events.on('warning', (warning) => warnings.push(warning));
  const listener = { provide: 'LISTENER', useFactory: listen, inject: [LeanMQ] };
  @Module({ imports: [LeanMQModule.forRoot(nest.options())], providers: [listener] })
  class Application {}

  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class
  nest.closing(await NestFactory.createApplicationContext(Application, { logger: false }));
  expect(warnings).toMatchObject([{ code: 'HANDLER_UNPROVIDED' }]);
});
