import { Redis } from 'ioredis';

import type { Contestant, Publisher } from './contestant.js';
import { consumeInBatches } from './raw-batches.js';
import { consumeInSlots } from './raw-slots.js';
import { GROUP, rawKey } from './raw-keys.js';

/** Careful hand-written code for a single purpose, without any of the guarantees of a queue. */
export const raw: Contestant = {
  publisher: (url) =>
    Promise.resolve(new RawPublisher(new Redis(url, { enableAutoPipelining: true }))),
  consumer: (url, plan) =>
    plan.work === 'nothing' ? consumeInBatches(url, plan) : consumeInSlots(url, plan),
  async prepare(url, paths) {
    const redis = new Redis(url);
    await Promise.all(
      paths.map((path) => redis.xgroup('CREATE', rawKey(path), GROUP, '0', 'MKSTREAM')),
    );
    redis.disconnect();
  },
};

const TEN_XADDS = `
for i = 1, #KEYS do redis.call('XADD', KEYS[i], '*', 'd', ARGV[i]) end
return #KEYS`;

class RawPublisher implements Publisher {
  private readonly script: (...args: string[]) => Promise<unknown>;

  constructor(private readonly redis: Redis) {
    redis.defineCommand('xaddAll', { lua: TEN_XADDS, numberOfKeys: 10 });
    this.script = Reflect.get(redis, 'xaddAll') as typeof this.script;
  }

  publish: Publisher['publish'] = (path, order) =>
    this.redis.xadd(rawKey(path), '*', 'd', JSON.stringify(order));

  publishMany: Publisher['publishMany'] = (path, orders) => {
    const pipeline = this.redis.pipeline();
    for (const order of orders) pipeline.xadd(rawKey(path), '*', 'd', JSON.stringify(order));
    return pipeline.exec();
  };

  transaction: NonNullable<Publisher['transaction']> = (sends) =>
    this.script.call(
      this.redis,
      ...sends.map(({ path }) => rawKey(path)),
      ...sends.map(({ order }) => JSON.stringify(order)),
    );

  close(): Promise<unknown> {
    return this.redis.quit();
  }
}
