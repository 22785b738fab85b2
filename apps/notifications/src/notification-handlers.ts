import { OnWebhook, Payload, WebhookController } from '@leanmq/nestjs';
import { UseInterceptors } from '@nestjs/common';

import { AccountInterceptor } from '../../shared/demo/account.interceptor.js';
import { NotificationDto, OrderStatusDto } from '../../shared/webhooks.js';
import { MailProvider } from './mail-provider.js';

@WebhookController()
@UseInterceptors(AccountInterceptor)
export class NotificationHandlers {
  constructor(private readonly mails: MailProvider) {}

  /** Confirms an order. */
  @OnWebhook('/order/status/')
  async onOrderStatus(@Payload() { orderId, userId, status }: OrderStatusDto): Promise<void> {
    if (status === 'placed') {
      await this.mails.send({ orderId, userId, text: `We have your order ${orderId}.` });
    }
  }

  /** Three attempts only: old news is worth less than a look at what is wrong. */
  @OnWebhook('/notification/', { attempts: 3, backoff: { type: 'fixed', delayMs: 300 } })
  async onNotification(@Payload() { orderId, userId }: NotificationDto): Promise<void> {
    await this.mails.send({ orderId, userId, text: `Your order ${orderId} is on its way.` });
  }
}
