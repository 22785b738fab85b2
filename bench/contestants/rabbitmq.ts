import { connect, type Channel } from 'amqplib';

import type { Order } from '../payload.js';
import type { Contestant } from './contestant.js';

const PREFETCH = 500;

/** RabbitMQ: a durable queue of persistent messages, each publish confirmed, each message acknowledged. */
export const rabbitmq: Contestant = {
  async publisher(url) {
    const connection = await connect(url);
    const channel = await connection.createConfirmChannel();
    const known = new Map<string, Promise<unknown>>();
    const publish = async (path: string, order: Order): Promise<void> => {
      if (!known.has(path)) known.set(path, declare(channel, path));
      await known.get(path);
      await new Promise<void>((resolve, reject) => {
        const body = Buffer.from(JSON.stringify(order));
        channel.sendToQueue(path, body, { persistent: true }, (error: unknown) => {
          if (error == null) resolve();
          else reject(error instanceof Error ? error : new Error('It was refused.'));
        });
      });
    };
    return {
      publish,
      publishMany: (path, orders) => Promise.all(orders.map((order) => publish(path, order))),
      close: () => connection.close(),
    };
  },

  async consumer(url, { paths, handle }) {
    const connection = await connect(url);
    const channel = await connection.createChannel();
    let isOpen = true;
    await channel.prefetch(PREFETCH);
    for (const path of paths) {
      await declare(channel, path);
      await channel.consume(path, (message) => {
        if (message === null) return;
        const order = JSON.parse(message.content.toString()) as Order;
        void handle(order).then(() => {
          if (isOpen) channel.ack(message);
        });
      });
    }
    return {
      // Asked on the channel of the acknowledgements, so that it is answered after them.
      unfinished: async () => {
        const queues = await Promise.all(paths.map((path) => channel.checkQueue(path)));
        return queues.reduce((sum, { messageCount }) => sum + messageCount, 0);
      },
      close: () => {
        isOpen = false;
        return connection.close();
      },
    };
  },
};

function declare(channel: Channel, path: string): Promise<unknown> {
  return channel.assertQueue(path, { durable: true });
}
