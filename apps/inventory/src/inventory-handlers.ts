import { OnWebhook, Payload, WebhookController } from '@leanmq/nestjs';
import { UseInterceptors } from '@nestjs/common';

import { AccountInterceptor } from '../../shared/demo/account.interceptor.js';
import { InventoryUpdateDto, OrderStatusDto } from '../../shared/webhooks.js';
import { Stock } from './stock.js';
import { Warehouse } from './warehouse.js';

@WebhookController()
@UseInterceptors(AccountInterceptor)
export class InventoryHandlers {
  constructor(
    private readonly stock: Stock,
    private readonly warehouse: Warehouse,
  ) {}

  /** A placed order reserves its goods. */
  @OnWebhook('/order/status/', { attempts: 8, backoff: { type: 'exponential', baseMs: 400 } })
  async onOrderStatus(@Payload() order: OrderStatusDto): Promise<void> {
    await this.warehouse.book(order.orderId);
    if (order.status === 'placed') {
      this.stock.reserve(order.orderId, order.productId, order.quantity);
    }
  }

  /** The goods of a shipped order are gone. */
  @OnWebhook('/inventory/update/', { attempts: 8, backoff: { type: 'exponential', baseMs: 400 } })
  async onUpdate(@Payload() update: InventoryUpdateDto): Promise<void> {
    await this.warehouse.book(update.orderId);
    this.stock.change(update.orderId, update.productId, update.quantityChange);
  }
}
