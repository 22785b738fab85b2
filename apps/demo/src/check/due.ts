import type { AcceptedOrder, Service } from './evidence.js';

/** A message that a service must have handled. */
export interface Due {
  readonly service: Service;
  readonly path: string;
  readonly id: string;
}

/**
 * Derives the expected deliveries from the accepted orders. Each service handles each order's status;
 * for a shipped order, inventory also handles an update and notifications a notification. Pure.
 */
export function dueOf(accepted: readonly AcceptedOrder[]): Due[] {
  return accepted.flatMap(({ orderId, messageId, shipped }) => [
    { service: 'orders', path: 'order/status', id: messageId },
    { service: 'inventory', path: 'order/status', id: messageId },
    { service: 'notifications', path: 'order/status', id: messageId },
    ...(shipped
      ? ([
          { service: 'inventory', path: 'inventory/update', id: orderId },
          { service: 'notifications', path: 'notification', id: orderId },
        ] as const)
      : []),
  ]);
}

/** Names a message within a service: two paths may carry the same id. */
export function keyOf({ path, id }: { readonly path: string; readonly id?: string }): string {
  return `/${path}/ ${id ?? ''}`;
}
