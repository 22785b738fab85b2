import { LeanMQ } from '@leanmq/core';

export async function report(redis: string, onOrder: (orderId: string) => void): Promise<void> {
  await using mq = new LeanMQ({ redis, group: 'reports' });

  mq.handle<{ orderId: string }>('/order/status/', ({ data, attempt, signal }) => {
    if (!signal.aborted && attempt >= 1) onOrder(data.orderId);
  });
  await mq.publish('/order/status/', { orderId: 'ORD-1' }, { messageId: 'ORD-1:placed' });
  await mq.processOnce(); // or: await mq.start(), for a service that stays

  const letters = mq.deadLetters('/order/status/');
  for (const letter of await letters.list()) {
    console.log(letter.reason, letter.error?.message, letter.data);
    await letters.replay(letter.id);
  }
}
