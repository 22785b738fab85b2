import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, test } from '@jest/globals';
import type { IdempotencyStore, LeanMQ } from '@leanmq/core';
import { Redis } from 'ioredis';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();
const storage = new AsyncLocalStorage<string>();
const MESSAGES = 1_000;

/** Records the context it is called in, then enters one of its own, as careless code does. */
function probe(seen: unknown[], name: string): void {
  seen.push(storage.getStore());
  storage.enterWith(name);
}

async function publishMany(mq: LeanMQ, count: number): Promise<void> {
  await mq.publishMany(
    '/a',
    Array.from({ length: count }, (_, data) => ({ data })),
  );
}

describe('a handler starts in a context of its own', () => {
  test.each([1, 16])('when %i at a time enter theirs', async (concurrency) => {
    const mq = broker.mq({ group: 'g' });
    const seen: unknown[] = [];
    const kept: boolean[] = [];
    mq.handle(
      '/a',
      async ({ id }) => {
        probe(seen, id);
        await turn();
        kept.push(storage.getStore() === id);
      },
      { concurrency },
    );
    await storage.run('start', () => mq.start());
    await storage.run('send', () => publishMany(mq, MESSAGES));
    await eventually(() => kept.length === MESSAGES, { timeoutMs: 20_000 });
    expect(seen.filter((store) => store !== undefined)).toEqual([]);
    // A handler's own context lasts until the handler ends.
    expect(kept.filter((isKept) => !isKept)).toEqual([]);
  });

  test('when handlers do not await anything', async () => {
    const mq = broker.mq({ group: 'g' });
    const seen: unknown[] = [];
    mq.handle('/a', ({ id }) => probe(seen, id), { concurrency: 1 });
    await storage.run('start', () => mq.start());
    await publishMany(mq, MESSAGES);
    await eventually(() => seen.length === MESSAGES);
    expect(seen.filter((store) => store !== undefined)).toEqual([]);
  });

  test('in a batch, in a pass, after a retry and with ack: before', async () => {
    const seen: unknown[] = [];
    const mq = broker.mq({ group: 'g' });
    mq.handleBatch('/a', (deliveries) => deliveries.forEach(({ id }) => probe(seen, id)), {
      batch: { size: 1, waitMs: 0 },
    });
    mq.handle('/again', ({ id, attempt }) => {
      probe(seen, id);
      if (attempt === 1) throw new Error('once');
    });
    mq.handle('/early', ({ id }) => probe(seen, id), { ack: 'before' });
    await storage.run('start', () => mq.start());
    await storage.run('send', async () => {
      await publishMany(mq, 20);
      await mq.publish('/again', 1);
      await mq.publish('/early', 1, { delayMs: 50 });
    });
    await eventually(() => seen.length === 23);
    const pass = broker.mq({ group: 'h' });
    pass.handle('/a', ({ id }) => probe(seen, id));
    const { processed } = await storage.run('pass', () => pass.processOnce());
    expect(processed).toBe(20);
    expect(seen.filter((store) => store !== undefined)).toEqual([]);
  });

  test('when a request resumes the group, or deletes and revives the queue', async () => {
    const seen: unknown[] = [];
    const mq = await broker.consume('/a', ({ id }) => probe(seen, id), { group: 'g' });
    await storage.run('pause', () => mq.queue('/a').pause());
    await publishMany(mq, 5);
    await storage.run('resume', () => mq.queue('/a').resume());
    await eventually(() => seen.length === 5);
    await storage.run('delete', () => mq.queue('/a').delete());
    await storage.run('revive', () => publishMany(mq, 5));
    await eventually(() => seen.length === 10);
    expect(seen.filter((store) => store !== undefined)).toEqual([]);
  });
});

test('a key function, a store, a backoff and an abort listener each start in a context of their own', async () => {
  const seen: unknown[] = [];
  const told = new Set<string>();
  const note = (name: string): void => {
    told.add(name);
    probe(seen, name);
  };
  const store: IdempotencyStore = {
    begin: () => {
      note('begin');
      return Promise.resolve({ state: 'run' });
    },
    complete: () => Promise.resolve(),
    fail: () => Promise.resolve(),
  };
  const mq = broker.mq({ group: 'g' });
  mq.handle(
    '/a',
    ({ signal, attempt }) => {
      if (attempt > 1) return;
      signal.addEventListener('abort', () => note('abort'));
      return new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
    {
      handlerTimeoutMs: 50,
      idempotencyStore: store,
      idempotent: ({ id }) => {
        note('key');
        return id;
      },
      backoff: () => {
        note('backoff');
        return 20;
      },
    },
  );
  let acked = 0;
  mq.events.on('acked', () => (acked += 1));
  await storage.run('start', () => mq.start());
  await storage.run('send', () => publishMany(mq, 3));
  await eventually(() => acked === 3);
  expect([...told].sort()).toEqual(['abort', 'backoff', 'begin', 'key']);
  // The store is called in the key function's context: both serve the same delivery.
  expect(seen.filter((each) => each !== undefined && each !== 'key')).toEqual([]);
});

describe('an event is emitted in a context of its own', () => {
  test('to each listener, whatever caused the event', async () => {
    const mq = broker.mq({ group: 'g', retention: { count: 0 } });
    const seen: unknown[] = [];
    const told = new Set<string>();
    for (const name of [
      'published',
      'delivered',
      'acked',
      'promoted',
      'started',
      'stopped',
    ] as const) {
      for (const listener of [1, 2]) {
        mq.events.on(name, () => {
          told.add(name);
          probe(seen, `${name} ${listener}`);
        });
      }
    }
    const acked = nextEvent(mq.events, 'acked');
    mq.handle('/a', () => undefined);
    await storage.run('start', () => mq.start());
    await storage.run('send', () => mq.publish('/a', 1, { delayMs: 50 }));
    await acked;
    await storage.run('stop', () => mq.stop());
    expect(told.size).toBe(6);
    expect(seen.filter((store) => store !== undefined)).toEqual([]);
  });
});

test('a connection, its reconnections and a client factory run outside any request context', async () => {
  const seen: unknown[] = [];
  const mq = broker.mq({
    group: 'g',
    redis: (role, options) => {
      const client = new Redis(broker.url, options);
      client.on('ready', () => seen.push([role, storage.getStore()]));
      return client;
    },
  });
  const clients: unknown[] = [];
  await storage.run('send', () => mq.publish('/a', 1));
  mq.handle('/a', () => undefined);
  await storage.run('start', () => mq.start());
  await storage.run('use', () => mq.redis.ping());
  await storage.run('receive', () => mq.receive('/b'));
  const count = seen.length;
  clients.push(count);
  expect(count).toBeGreaterThanOrEqual(5);
  const own = ((await broker.redis.client('LIST')) as string)
    .split('\n')
    .filter((line) => line.includes('name=leanmq:g:'))
    .map((line) => /id=(\d+)/.exec(line)?.[1] ?? '');
  for (const id of own) await broker.redis.client('KILL', 'ID', id);
  await eventually(() => seen.length >= 2 * count);
  expect(seen.filter((each) => (each as unknown[])[1] !== undefined)).toEqual([]);
});
