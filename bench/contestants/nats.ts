import {
  AckPolicy,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

import type { Order } from '../payload.js';
import type { Contestant } from './contestant.js';
import { GROUP } from './raw-keys.js';

const STREAM = 'BENCH';
// The default of 1,000 would be less than one read ahead.
const MAX_ACK_PENDING = 20_000;
const READ_AHEAD = 1_000;

/** NATS JetStream: a stream on disk, each publish confirmed, each message acknowledged. */
export const nats: Contestant = {
  async publisher(url) {
    const connection = await connect({ servers: url });
    await ensureStream(await jetstreamManager(connection));
    const client = jetstream(connection);
    const publish = (path: string, order: Order): Promise<unknown> =>
      client.publish(subject(path), JSON.stringify(order));
    return {
      publish,
      publishMany: (path, orders) => Promise.all(orders.map((order) => publish(path, order))),
      close: () => connection.close(),
    };
  },

  async consumer(url, { handle }) {
    const connection = await connect({ servers: url });
    const manager = await jetstreamManager(connection);
    await ensureStream(manager);
    // Of all paths: several filters would need server 2.10.
    await manager.consumers.add(STREAM, {
      durable_name: GROUP,
      ack_policy: AckPolicy.Explicit,
      max_ack_pending: MAX_ACK_PENDING,
    });
    const consumer = await jetstream(connection).consumers.get(STREAM, GROUP);
    const messages = await consumer.consume({ max_messages: READ_AHEAD });
    const run = async (): Promise<void> => {
      for await (const message of messages) {
        await handle(message.json<Order>());
        message.ack();
      }
    };
    void run();
    return {
      unfinished: async () => (await consumer.info()).num_ack_pending,
      close: () => connection.close(),
    };
  },
};

function subject(path: string): string {
  return `bench.${path.replaceAll('/', '.')}`;
}

async function ensureStream(manager: JetStreamManager): Promise<void> {
  const stream = { name: STREAM, subjects: ['bench.>'], retention: RetentionPolicy.Workqueue };
  // Repeating it with the same settings changes nothing.
  await manager.streams.add(stream);
}
