import { OnWebhook, Payload, WebhookController, WebhookPublisher } from '@leanmq/nestjs';
import { UseInterceptors } from '@nestjs/common';

import { AccountInterceptor } from '../../shared/demo/account.interceptor.js';
import { OrderStatusDto } from '../../shared/webhooks.js';

@WebhookController('/order')
@UseInterceptors(AccountInterceptor)
export class OrderHandlers {
  constructor(private readonly publisher: WebhookPublisher) {}

  /** When an order is shipped, the stock goes down and the customer hears of it: both or neither. */
  @OnWebhook('/status/', { concurrency: 32 })
  async onStatus(@Payload() order: OrderStatusDto): Promise<void> {
    if (order.status !== 'shipped') return;
    const { orderId, userId, productId, quantity } = order;
    // A handler may run twice, for example when its process died before the message was acked. With
    // the order's id for a message id, what it sends is published once all the same.
    const options = { messageId: orderId };
    await this.publisher.transaction((tx) => {
      tx.send('/inventory/update/', { orderId, productId, quantityChange: -quantity }, options);
      tx.send('/notification/', { orderId, userId, type: 'order_shipped' }, options);
    });
  }
}
