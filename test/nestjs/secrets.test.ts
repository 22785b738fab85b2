import { inspect } from 'node:util';

import { expect, test } from '@jest/globals';
import { LeanMQ, LeanMQModule, WebhookPublisher } from '@leanmq/nestjs';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

const PASSWORD = 'S3cr3tPw';

test('no look at the module or what it provides tells the password', async () => {
  const redis = `redis://:${PASSWORD}@127.0.0.1:1`;
  const imported = LeanMQModule.forRoot({
    redis,
    connect: 'wait',
    autoStart: false,
    logger: false,
  });
  @Module({ imports: [imported] })
  class Application {}
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class
  const app = await NestFactory.createApplicationContext(Application, { logger: false });
  for (const each of [
    imported,
    app.get(LeanMQModule),
    app.get(LeanMQ),
    app.get(WebhookPublisher),
  ]) {
    expect(inspect(each, { depth: 9 })).not.toContain(PASSWORD);
  }
  expect(JSON.stringify(imported)).not.toContain(PASSWORD);
  await app.close();
});
