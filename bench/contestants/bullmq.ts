import { Queue, Worker, type JobsOptions } from 'bullmq';

import type { Order } from '../payload.js';
import type { Contestant, Publisher } from './contestant.js';

const JOB: JobsOptions = { removeOnComplete: true };

/** BullMQ as its documentation has it; jobs are removed when they are done. */
export const bullmq: Contestant = {
  publisher: (url) => Promise.resolve(new BullPublisher(url)),

  async consumer(url, { paths, concurrency, handle }) {
    const workers = paths.map(
      (path) =>
        new Worker<Order>(queueName(path), ({ data }) => handle(data), {
          connection: { url, maxRetriesPerRequest: null },
          concurrency,
        }),
    );
    for (const worker of workers) worker.on('error', () => undefined);
    await Promise.all(workers.map((worker) => worker.waitUntilReady()));
    const queues = paths.map((path) => new Queue(queueName(path), { connection: { url } }));
    return {
      unfinished: async () => {
        const counts = await Promise.all(queues.map((queue) => queue.getActiveCount()));
        return counts.reduce((sum, count) => sum + count, 0);
      },
      close: () => Promise.all([...workers, ...queues].map((each) => each.close())),
    };
  },
};

/** Slashes are fine, colons are not. */
function queueName(path: string): string {
  return path.replaceAll(':', '-');
}

class BullPublisher implements Publisher {
  private readonly queues = new Map<string, Queue>();

  constructor(private readonly url: string) {}

  publish: Publisher['publish'] = (path, order) => this.queue(path).add('order', order, JOB);

  publishMany: Publisher['publishMany'] = (path, orders) =>
    this.queue(path).addBulk(orders.map((data) => ({ name: 'order', data, opts: JOB })));

  close(): Promise<unknown> {
    return Promise.all([...this.queues.values()].map((queue) => queue.close()));
  }

  private queue(path: string): Queue {
    let queue = this.queues.get(path);
    if (queue === undefined) {
      queue = new Queue(queueName(path), { connection: { url: this.url } });
      this.queues.set(path, queue);
    }
    return queue;
  }
}
