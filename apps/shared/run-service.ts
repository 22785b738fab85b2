import type { AddressInfo } from 'node:net';

import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

import { port } from './settings.js';

/** Starts a service, and tells the process that started it where it listens. */
export async function runService(module: Type): Promise<void> {
  const app = await NestFactory.create<NestExpressApplication>(module);
  // On SIGTERM and SIGINT running handlers finish, and what they have not finished is given back.
  app.enableShutdownHooks();
  await app.listen(port, '127.0.0.1');
  const { port: listensOn } = app.getHttpServer().address() as AddressInfo;
  process.send?.({ listensOn });
  // The demo is gone, however it ended: nobody is left to stop us. What is lost is delivered again.
  process.on('disconnect', () => process.exit(1));
}
