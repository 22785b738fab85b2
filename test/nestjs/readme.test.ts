import { readFile } from 'node:fs/promises';

import { expect, test } from '@jest/globals';
import { OnWebhook, Payload, WebhookController } from '@leanmq/nestjs';
import { Controller, Get, Logger } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Test } from '@nestjs/testing';

import { eventually } from '../support/eventually.js';
import {
  InventoryHandlers,
  InventoryModule,
  Mailer,
  MailHandlers,
  Operations,
  PaidOnly,
  Reminders,
  Shop,
  runNightly,
} from './examples/readme.js';
import { useNest } from './support/nest.js';

const nest = useNest();

async function start() {
  process.env['REDIS_URL'] = nest.broker.url;
  process.env['PREFIX'] = nest.broker.prefix;
  const app = await nest.init(
    Test.createTestingModule({
      imports: [InventoryModule],
      providers: [Shop, Mailer, MailHandlers, Reminders, Operations],
    }).setLogger({
      log: () => undefined,
      warn: () => undefined,
      error: () => undefined,
    }),
  );
  const { stock } = app.module.get(InventoryHandlers);
  return { ...app, stock, sent: app.module.get(Mailer).sent };
}

test('every example of the README is part of a file that is compiled and run here', async () => {
  const file = (name: string) => readFile(new URL(name, import.meta.url), 'utf8');
  const examples = await file('examples/readme.ts');
  const readme = await file('../../libs/nestjs/README.md');
  const blocks = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code ?? '');
  expect(blocks).toHaveLength(7);
  for (const block of blocks) {
    for (const part of block.split(/\n\n(?=\S)/)) expect(examples).toContain(part.trim());
  }
});

test('the examples of handlers and sends work', async () => {
  const { module, publisher, next, stock, sent } = await start();
  await publisher.send('/inventory/counted', { productId: 'P-1', total: 10 });
  await eventually(() => stock.get('P-1') === 10);
  await module.get(Shop).sell('P-1');
  await eventually(() => stock.get('P-1') === 9);
  await eventually(() => sent.length === 2);
  const dead = next('deadLettered');
  await publisher.send('/inventory/update', { productId: 'unknown', change: 1 });
  expect(await dead).toMatchObject({ reason: 'rejected' });
});

test('the examples of a batch, of delayed and of recurring sends work', async () => {
  const { module, publisher, next, sent } = await start();
  expect(await publisher.schedules.list()).toMatchObject([{ id: 'monthly', path: 'mail' }]);
  const reminders = module.get(Reminders);
  await reminders.billed('I-1', 'first@example.com', 300);
  await reminders.billed('I-2', 'second@example.com', 300);
  await reminders.paid('I-1');
  await eventually(() => sent.length === 1);
  expect(sent).toEqual(['second@example.com']);
  const dead = next('deadLettered');
  await publisher.sendMany('/mail/', [
    { data: { to: 'nowhere' } },
    { data: { to: 'a@b.example' } },
  ]);
  expect(await dead).toMatchObject({ path: 'mail', reason: 'invalid' });
  await eventually(() => sent.includes('a@b.example'));
  const retried = next('retried');
  await publisher.send('/mail/', { to: 'nobody@example.com' });
  expect(await retried).toMatchObject({ error: { message: 'nobody@example.com bounced.' } });
});

test('the examples of the injected client work', async () => {
  const { module, publisher, mq, stock } = await start();
  const operations = module.get(Operations);
  await publisher.send('/inventory/update', { productId: 'P-1', change: 1 });
  await eventually(() => stock.get('P-1') === 1);

  await operations.whilePaused(async () => {
    await publisher.send('/inventory/update', { productId: 'P-2', change: 1 });
    await eventually(async () => (await operations.backlog()).get('inventory') === 1);
    expect(stock.has('P-2')).toBe(false);
  });
  await eventually(() => stock.get('P-2') === 1);

  expect(await operations.retryFailed()).toMatchObject({ matched: 0 });
  expect(await operations.replaySince(0)).toMatchObject({ replayed: 2 });
  expect(mq.health().status).toBe('up');
});

test('the example of a guard works, for messages and for HTTP requests', async () => {
  const handled: unknown[] = [];

  @WebhookController('/paid')
  class Paid {
    @OnWebhook('/')
    onPaid(@Payload('order') order: unknown) {
      handled.push(order);
    }
  }

  @Controller()
  class Page {
    @Get()
    read() {
      return 'no message';
    }
  }

  const module = await nest
    .build({ controllers: [Page], providers: [Paid, { provide: APP_GUARD, useClass: PaidOnly }] })
    .compile();
  const app = nest.closing(module.createNestApplication());
  await app.listen(0, '127.0.0.1');
  const { publisher, nextDeath } = nest.parts(app);
  const headers = { 'x-tenant': 'acme' };
  const fates: unknown[] = [];
  for (const [paid, options] of [[true, { headers }], [false, { headers }], [true]] as const) {
    const death = nextDeath();
    await publisher.send('/paid/', { paid, order: fates.length }, options);
    fates.push((await death)?.reason);
  }
  expect(fates).toEqual([undefined, 'rejected', 'rejected']);
  expect(handled).toEqual([0]);
  expect(await (await fetch(await app.getUrl())).text()).toBe('no message');
});

test('the example of a cron job works', async () => {
  const { publisher, sent } = await start();
  await publisher.send('/mail/', { to: 'a@b.example' });
  await eventually(() => sent.length === 1);
  Logger.overrideLogger(['error']);
  expect(await runNightly()).toEqual({ processed: 1, failed: 0 });
});
