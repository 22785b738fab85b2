import { setTimeout as sleep } from 'node:timers/promises';

import type { AcceptedOrder } from '../check/evidence.js';

export interface Order {
  readonly orderId: string;
  readonly userId: string;
  readonly productId: string;
  readonly quantity: number;
  readonly status: 'placed' | 'shipped';
}

const USERS = ['ada', 'grace', 'linus', 'margaret'];
const PRODUCTS = ['lamp', 'chair', 'kettle'];
/** After that the outcome of a post counts as unknown. */
const PATIENCE_MS = 1_000;
const AGAIN_AFTER_MS = 200;
const GIVE_UP_AFTER_MS = 30_000;

/** A customer of the orders service, and a patient one. */
export class Shop {
  readonly accepted: AcceptedOrder[] = [];
  /** Orders that had to be sent again, because nobody could say what had become of them. */
  readonly sentAgain = new Set<string>();
  private count = 0;

  constructor(private readonly ordersUrl: () => string) {}

  /** Creates the next order. Without `status`, every third order is shipped. */
  next(status?: Order['status']): Order {
    const number = (this.count += 1);
    return {
      orderId: `ORD-${String(number).padStart(4, '0')}`,
      userId: USERS[number % USERS.length] as string,
      productId: PRODUCTS[number % PRODUCTS.length] as string,
      quantity: (number % 4) + 1,
      status: status ?? (number % 3 === 0 ? 'shipped' : 'placed'),
    };
  }

  /** Posts an order until it is accepted. To send it twice is safe: its id makes it one order. */
  async order(order: Order = this.next()): Promise<AcceptedOrder> {
    const deadline = performance.now() + GIVE_UP_AFTER_MS;
    for (;;) {
      const response = await this.post(order, PATIENCE_MS).catch(() => undefined);
      if (response?.status === 202) {
        const { messageId } = (await response.json()) as { messageId: string };
        const { orderId, status } = order;
        const accepted = { orderId, messageId, shipped: status === 'shipped' };
        this.accepted.push(accepted);
        return accepted;
      }
      if (response !== undefined && response.status !== 503) {
        throw new Error(
          `${order.orderId} was answered ${response.status}: ${await response.text()}`,
        );
      }
      if (performance.now() > deadline) {
        throw new Error(`${order.orderId} was not accepted in ${GIVE_UP_AFTER_MS / 1_000} s`);
      }
      this.sentAgain.add(order.orderId);
      await sleep(AGAIN_AFTER_MS);
    }
  }

  /** One request, whatever comes of it. */
  async post(body: object, timeoutMs = 10_000): Promise<Response> {
    return fetch(`${this.ordersUrl()}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
  }
}
