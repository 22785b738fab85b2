import { NotReplicatedError, type LeanMQ } from '@leanmq/core';

export async function placeOrder(mq: LeanMQ, orderId: string): Promise<void> {
  const send = () =>
    mq.publish(
      '/order/status/',
      { orderId, status: 'placed' },
      { messageId: `${orderId}:placed`, durability: { replicas: 1, timeoutMs: 500 } },
    );
  try {
    await send();
  } catch (error) {
    if (!(error instanceof NotReplicatedError)) throw error;
    await send(); // the same messageId: nothing is published twice
  }
}
