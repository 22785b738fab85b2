import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { WebhookPublisher } from '@leanmq/nestjs';
import { assertForgottenIsRefused } from './forgotten';
import { OrderHandlers, OrdersModule } from './orders';
import { assertWebhooksComeIn } from './webhooks';

async function main(): Promise<void> {
  await assertForgottenIsRefused();
  await assertWebhooksComeIn();
  const app = await NestFactory.createApplicationContext(OrdersModule, {
    logger: ['error', 'warn'],
  });
  const sent = await app
    .get(WebhookPublisher)
    .send('/order/status/', { orderId: 'ORD-1', status: 'shipped' });
  const got = await app.get(OrderHandlers).received;
  await app.close();

  if (got.id !== sent.id || got.status !== 'shipped' || sent.outcome !== 'published') {
    throw new Error(`sent ${JSON.stringify(sent)}, got ${JSON.stringify(got)}`);
  }
  console.log(`Got ${got.orderId} (${got.status}) as message ${got.id}`);
}

// Without process.exit: when the application is closed, nothing may keep the process running.
main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
