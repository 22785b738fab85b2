import { OnWebhook, Payload, type WebhookPublisher } from '@leanmq/nestjs';

interface OrderStatus {
  readonly orderId: string;
  readonly status: string;
}

/** Calls of the handler below. */
export const shipments: string[] = [];

export class Shipping {
  @OnWebhook('/order/status/')
  async onStatus(@Payload() { orderId, status }: OrderStatus) {
    shipments.push(`${orderId} ${status}`);
  }
}

export async function sendStatus(publisher: WebhookPublisher): Promise<void> {
  await publisher.send('/order/status/', { orderId: 'ORD-1', status: 'shipped' });
}
