import { LeanMQ } from '@leanmq/core';

import type { Order } from '../payload.js';
import type { Contestant, Publisher } from './contestant.js';
import { GROUP } from './raw-keys.js';

/** `@leanmq/core` with its defaults, except for the number of slots. */
export const core: Contestant = {
  async publisher(url) {
    const mq = new LeanMQ({ redis: url });
    await mq.connect();
    return corePublisher(mq);
  },

  async consumer(url, { paths, concurrency, attempts = 1, handle }) {
    const mq = new LeanMQ({ redis: url, group: GROUP });
    for (const path of paths) {
      mq.handle<Order>(path, ({ data }) => handle(data), {
        ...{ concurrency, attempts },
        backoff: { type: 'fixed', delayMs: 0 },
      });
    }
    await mq.start();
    return {
      unfinished: () => unfinished(mq, paths),
      close: () => mq.close(),
    };
  },

  prepare: prepareCore,
};

export async function prepareCore(url: string, paths: readonly string[]): Promise<void> {
  await using mq = new LeanMQ({ redis: url });
  for (const path of paths) await mq.queue(path).declareGroup(GROUP);
}

function corePublisher(mq: LeanMQ): Publisher {
  return {
    publish: (path, order) => mq.publish(path, order),
    publishMany: (path, orders) =>
      mq.publishMany(
        path,
        orders.map((data) => ({ data })),
      ),
    transaction: (sends) =>
      mq.transaction((tx) => {
        for (const { path, order } of sends) tx.send(path, order);
      }),
    close: () => mq.close(),
  };
}

/** Counts the pending messages in both streams of each route. */
export async function unfinished(mq: LeanMQ, paths: readonly string[]): Promise<number> {
  let pending = 0;
  for (const path of paths) {
    for (const stream of ['log', `inbox:${GROUP}`]) {
      const key = `leanmq:{${path}}:${stream}`;
      const [count] = (await mq.redis.xpending(key, GROUP)) as [number];
      pending += count;
    }
  }
  return pending;
}
