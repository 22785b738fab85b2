import { randomUUID } from 'node:crypto';

import { WebhookPublisher } from '@leanmq/nestjs';
import { Body, Controller, HttpCode, Post, UseFilters, ValidationPipe } from '@nestjs/common';

import { OrderStatusDto } from '../../shared/webhooks.js';
import { CreateOrderDto } from './create-order.dto.js';
import { PublishErrorFilter } from './publish-error.filter.js';

/** The answer to an order that will be dealt with. */
interface Accepted {
  readonly orderId: string;
  readonly messageId: string;
  /** `duplicate`: this order had been accepted before, and was not published again. */
  readonly outcome: string;
}

@Controller('orders')
@UseFilters(PublishErrorFilter)
export class OrdersController {
  constructor(private readonly publisher: WebhookPublisher) {}

  @Post()
  @HttpCode(202)
  async create(
    @Body(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }))
    { orderId = `ORD-${randomUUID()}`, status = 'placed', ...order }: CreateOrderDto,
  ): Promise<Accepted> {
    // An instance of the class is validated before it is sent; a plain object would go as it is.
    const message = Object.assign(new OrderStatusDto(), { orderId, status, ...order });
    const { id, outcome } = await this.publisher.send('/order/status/', message, {
      // The same order sent again is not published again.
      messageId: `${orderId}:${status}`,
    });
    return { orderId, messageId: id, outcome };
  }
}
