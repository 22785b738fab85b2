import { createRequire } from 'node:module';
import { Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import * as esm from '@leanmq/nestjs';

/** As a CommonJS dependency of an ESM application loads it: the other build. */
const cjs = createRequire(import.meta.url)('@leanmq/nestjs') as typeof esm;

/** Asserts that each copy of the package recognizes the errors that the other throws. */
export function assertOneKindOfErrors(): void {
  if (cjs.RejectError === esm.RejectError) throw new Error('There is one copy of @leanmq/core.');
  const rejected = new cjs.RejectError('no');
  const isKnown =
    rejected instanceof esm.RejectError &&
    rejected instanceof esm.LeanMQError &&
    !(rejected instanceof esm.RetryError) &&
    new esm.RetryError({ afterMs: 1 }) instanceof cjs.RetryError;
  if (!isKnown) throw new Error('Errors of the CommonJS copy are not recognized.');
}

/** Stands for a class of a CommonJS library. */
@cjs.WebhookController('/copied')
class CommonJsHandlers {
  private got: (what: string) => void = () => undefined;
  readonly received = new Promise<string>((resolve) => {
    this.got = resolve;
  });

  @cjs.OnWebhook('/one/')
  onOne(@cjs.Delivery() { id }: esm.WebhookDelivery, @cjs.Payload('name') name: string) {
    this.got(`${name} ${id}`);
  }

  @cjs.OnWebhook('/rejected/')
  onRejected() {
    throw new cjs.RejectError('not here');
  }
}

/** Injects by the classes of its copy, which are not those of the application. */
class CommonJsService {
  constructor(
    @Inject(cjs.WebhookPublisher) readonly publisher: esm.WebhookPublisher,
    @Inject(cjs.LeanMQ) readonly mq: esm.LeanMQ,
  ) {}
}

@Module({
  imports: [
    esm.LeanMQModule.forRoot({
      redis: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379',
      group: 'copies',
      prefix: `${process.env['PREFIX'] ?? 'orders'}-copies`,
      logger: false,
    }),
  ],
  providers: [CommonJsHandlers, CommonJsService],
})
class CopiesModule {}

/** An application of the one copy runs handlers that were decorated by the other. */
export async function assertHandlersOfBothCopies(): Promise<void> {
  const app = await NestFactory.createApplicationContext(CopiesModule, { logger: ['error'] });
  const publisher = app.get(esm.WebhookPublisher);
  const service = app.get(CommonJsService);
  if (service.publisher !== publisher || service.mq !== app.get(esm.LeanMQ)) {
    throw new Error('A service of the CommonJS copy got a publisher or a client of its own.');
  }
  const { id } = await publisher.send('/copied/one/', { name: 'A' });
  const got = await app.get(CommonJsHandlers).received;

  const died = new Promise<string>((resolve) => {
    app.get(esm.LeanMQ).events.on('deadLettered', ({ reason }) => resolve(reason));
  });
  await publisher.send('/copied/rejected/', {});
  const reason = await died;
  await app.close();
  if (got !== `A ${id}`) throw new Error(`A handler of the CommonJS copy got ${got}`);
  if (reason !== 'rejected') throw new Error(`RejectError of the CommonJS copy: ${reason}`);
}
