import {
  LeanMQModule,
  OnWebhook,
  Payload,
  WebhookController,
  WebhookPublisher,
} from '@leanmq/nestjs';
import { Module } from '@nestjs/common';
import { IsIn, IsString } from 'class-validator';

export class OrderStatus {
  @IsString() orderId!: string;
  @IsIn(['placed', 'shipped']) status!: 'placed' | 'shipped';
}

@WebhookController('/order')
export class OrderHandlers {
  constructor(private readonly publisher: WebhookPublisher) {}

  @OnWebhook('/status/', { concurrency: 32, attempts: 12 })
  async onStatus(@Payload() { orderId, status }: OrderStatus) {
    if (status !== 'shipped') return;
    await this.publisher.transaction((tx) => {
      // all or nothing
      tx.send('/inventory/update/', { orderId, quantityChange: -1 }, { messageId: orderId });
      tx.send('/notification/', { orderId, type: 'order_shipped' }, { messageId: orderId });
    });
  }
}

@Module({
  imports: [
    LeanMQModule.forRoot({
      redis: process.env['REDIS_URL'] ?? 'redis://localhost:6379',
      group: 'orders',
    }),
  ],
  providers: [OrderHandlers],
})
export class AppModule {}
