import { Injectable } from '@nestjs/common';

interface Movement {
  readonly productId: string;
  readonly quantity: number;
}

/**
 * Stock levels, in memory because the demo is about messages. A real service uses a table keyed by
 * the order's id; the key makes a message that is handled twice count once.
 */
@Injectable()
export class Stock {
  private readonly reservations = new Map<string, Movement>();
  private readonly changes = new Map<string, Movement>();

  reserve(orderId: string, productId: string, quantity: number): void {
    this.reservations.set(orderId, { productId, quantity });
  }

  change(orderId: string, productId: string, quantity: number): void {
    this.changes.set(orderId, { productId, quantity });
  }

  /** By product: how much is reserved, and how much it has changed since the service started. */
  overview(): Record<string, { reserved: number; changed: number }> {
    const products: Record<string, { reserved: number; changed: number }> = {};
    const of = (productId: string) => (products[productId] ??= { reserved: 0, changed: 0 });
    for (const { productId, quantity } of this.reservations.values()) {
      of(productId).reserved += quantity;
    }
    for (const { productId, quantity } of this.changes.values()) of(productId).changed += quantity;
    return products;
  }
}
