import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

import type { Order } from '../payload.js';
import type { Contestant, Publisher } from './contestant.js';

/** BullMQ as its documentation has it; jobs are removed when they are done. */
export const bullmq: Contestant = {
  publisher: (url, attempts = 1) => Promise.resolve(new BullPublisher(url, attempts)),

  async consumer(url, { paths, concurrency, handle }) {
    const connection = connect(url);
    const workers = paths.map((path) =>
      new Worker<Order>(path, ({ data }) => handle(data), { connection, concurrency }).on(
        'error',
        () => undefined,
      ),
    );
    await Promise.all(workers.map((worker) => worker.waitUntilReady()));
    return {
      unfinished: async () => {
        const counts = await Promise.all(
          paths.map((path) => new Queue(path, { connection }).getActiveCount()),
        );
        return counts.reduce((sum, count) => sum + count, 0);
      },
      close: async () => {
        await Promise.all(workers.map((worker) => worker.close()));
        connection.disconnect();
      },
    };
  },
};

/** One for all queues and workers of a process; each worker makes another for its blocking reads. */
function connect(url: string): Redis {
  return new Redis(url, { maxRetriesPerRequest: null });
}

class BullPublisher implements Publisher {
  private readonly connection: Redis;
  private readonly queues = new Map<string, Queue>();
  private readonly job;

  constructor(url: string, attempts: number) {
    this.connection = connect(url);
    this.job = { removeOnComplete: true, ...(attempts > 1 && { attempts }) };
  }

  publish: Publisher['publish'] = (path, order) => this.queue(path).add('order', order, this.job);

  publishMany: Publisher['publishMany'] = (path, orders) =>
    this.queue(path).addBulk(orders.map((data) => ({ name: 'order', data, opts: this.job })));

  async close(): Promise<void> {
    await Promise.all([...this.queues.values()].map((queue) => queue.close()));
    this.connection.disconnect();
  }

  private queue(path: string): Queue {
    let queue = this.queues.get(path);
    if (queue === undefined) {
      queue = new Queue(path, { connection: this.connection });
      this.queues.set(path, queue);
    }
    return queue;
  }
}
