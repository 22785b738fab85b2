import { describe, expect, test } from '@jest/globals';
import type { LeanMQ, LeanMQOptions } from '@leanmq/core';
import { Redis } from 'ioredis';

import { eventually } from '../support/eventually.js';
import type { TcpProxy } from '../support/proxy.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();

interface Halved {
  readonly publisher: LeanMQ;
  readonly mq: LeanMQ;
  /** Proxy between the server and what `mq` does there, except for its reads. */
  readonly proxy: TcpProxy;
}

/** Acts as if the password had changed: open connections stay, lost ones do not come back. */
async function halved(options: Partial<LeanMQOptions> = {}): Promise<Halved> {
  const server = await rig.server();
  const proxy = await rig.proxy(server);
  const mq = rig.mq(server.url, {
    ...options,
    redis: (role, own) => new Redis(role === 'command' ? proxy.url : server.url, own),
  });
  return { publisher: rig.mq(server.url), mq, proxy };
}

/** Resolves when connecting has been tried for a while in vain. */
async function lose(proxy: TcpProxy): Promise<void> {
  const { attempts } = proxy;
  proxy.refuse();
  proxy.cut();
  await eventually(() => proxy.attempts > attempts + 3);
}

async function publish({ publisher }: Halved, count: number): Promise<void> {
  await publisher.publishMany(
    '/a',
    Array.from({ length: count }, (_, n) => ({ data: n })),
  );
}

describe('while the command connection alone is lost, so nothing can be settled,', () => {
  test('a consumer reads no more than it has room for, and continues when the connection is back', async () => {
    const count = 5_000;
    const rigged = await halved();
    const { mq, proxy } = rigged;
    const got = new Set<number>();
    await mq.consume<number>('/a', ({ data }) => void got.add(data));
    await lose(proxy);
    await publish(rigged, count);
    await lose(proxy);
    expect(mq.health().inFlight).toBeLessThan(1_100);
    proxy.accept();
    await eventually(() => got.size === count && mq.health().inFlight === 0);
  });

  test('a pass reads no more than it has room for, and continues when the connection is back', async () => {
    const count = 5_000;
    const rigged = await halved();
    const { mq, proxy } = rigged;
    await mq.queue('/a').declareGroup('g');
    await publish(rigged, count);
    let lost: Promise<void> | undefined;
    let runs = 0;
    mq.handle('/a', () => {
      runs += 1;
      lost ??= lose(proxy);
    });
    const passed = mq.processOnce({ count });
    await eventually(() => lost !== undefined);
    await lost;
    expect(runs).toBeLessThan(3_000);
    proxy.accept();
    expect(await passed).toEqual({ processed: count, failed: 0, deadLettered: 0 });
  });

  test('a receive takes nothing', async () => {
    const rigged = await halved();
    const { mq, proxy } = rigged;
    await publish(rigged, 2);
    const [first] = await mq.receive('/a');
    expect(await first?.ack()).toBe('settled');
    await lose(proxy);
    let isThere = false;
    const second = mq.receive('/a').finally(() => (isThere = true));
    await lose(proxy);
    expect(isThere).toBe(false);
    proxy.accept();
    expect(await (await second)[0]?.ack()).toBe('settled');
  });

  test.each(['pulls', 'makes a pass'])('an instance that %s can be closed', async (how) => {
    const rigged = await halved();
    const { mq, proxy } = rigged;
    mq.handle('/a', () => undefined);
    await publish(rigged, 2);
    await mq.receive('/a');
    await lose(proxy);
    const waiting = how === 'pulls' ? mq.receive('/a') : mq.processOnce();
    const rejected = expect(waiting).rejects.toThrow(/closed/i);
    await mq.close();
    await rejected;
  });
});
