import { Module } from '@nestjs/common';
import {
  Delivery,
  LeanMQModule,
  OnWebhook,
  OnWebhookBatch,
  Payload,
  WebhookController,
  type WebhookDelivery,
} from '@leanmq/nestjs';

export interface OrderStatus {
  orderId: string;
  status: string;
}

/** Keeps what it got, for whoever waits for it. */
@WebhookController('/order')
export class OrderHandlers {
  private gotOne: (status: OrderStatus & { id: string }) => void = () => undefined;
  readonly received = new Promise<OrderStatus & { id: string }>((resolve) => {
    this.gotOne = resolve;
  });
  private gotBatch: (lines: string[]) => void = () => undefined;
  readonly lines = new Promise<string[]>((resolve) => {
    this.gotBatch = resolve;
  });

  @OnWebhook('/status/')
  onStatus(@Payload() status: OrderStatus, @Delivery() delivery: WebhookDelivery<OrderStatus>) {
    this.gotOne({ ...status, id: delivery.id });
  }

  @OnWebhookBatch('/lines/', { batch: { size: 2, waitMs: 10_000 } })
  onLines(@Payload('sku') skus: string[], @Delivery() deliveries: WebhookDelivery[]) {
    this.gotBatch(skus.map((sku, index) => `${sku} of ${deliveries[index]?.path}`));
  }
}

@Module({
  imports: [
    LeanMQModule.forRoot({
      redis: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379',
      group: 'orders',
      prefix: process.env['PREFIX'] ?? 'orders',
    }),
  ],
  providers: [OrderHandlers],
})
export class OrdersModule {}
