import { describe, expect, test } from '@jest/globals';
import { AbortedError, BrokerUnavailableError, type LeanMQ } from '@leanmq/core';
import type { Redis } from 'ioredis';

import { eventually, nextEvent } from '../support/eventually.js';
import { connectTo } from '../support/redis.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();
const logOf = (path: string): string => `${rig.prefix}:{${path}}:log`;

/** Starts a patient publisher whose server is gone. */
async function withoutServer(): Promise<LeanMQ> {
  const server = await rig.server();
  const mq = rig.mq(server.url, { publishTimeoutMs: 60_000, drainTimeoutMs: 0 });
  await mq.publish('/warm', 'up');
  const lost = nextEvent(mq.events, 'connectionLost');
  await server.kill();
  await lost;
  await eventually(() => mq.health().connections['publish'] === false);
  return mq;
}

/** Starts a publisher whose server is there but answers nothing. */
async function withFrozenServer(): Promise<{ mq: LeanMQ; thaw: () => void; redis: Redis }> {
  const server = await rig.server();
  const redis = await connectTo(server.url);
  const mq = rig.mq(server.url, { publishTimeoutMs: 60_000, silenceMs: 60_000, drainTimeoutMs: 0 });
  await mq.publish('/warm', 'up');
  server.freeze();
  return { mq, thaw: () => server.thaw(), redis };
}

describe('a send with a time limit of its own', () => {
  test('is given up in time as not sent while Redis is away; the others keep waiting', async () => {
    const mq = await withoutServer();
    const patient = mq.publish('/a', 'patient').catch((error: unknown) => error);
    const short = mq.publish('/a', 'short', { timeoutMs: 150 });
    await expect(short).rejects.toBeInstanceOf(BrokerUnavailableError);
    await expect(short).rejects.toMatchObject({ outcome: 'not-sent', retryable: true });
    const transaction = mq.transaction((tx) => tx.send('/a', 1), { timeoutMs: 100 });
    await expect(transaction).rejects.toMatchObject({ outcome: 'not-sent' });
    const [item] = await mq.publishMany('/a', [{ data: 1, options: { timeoutMs: 100 } }]);
    expect(item).toMatchObject({ error: { outcome: 'not-sent' } });
    expect(mq.health().publishing).toBe(1);
    void patient;
  });

  test('is given up in time as unknown when its reply does not come', async () => {
    const { mq, thaw, redis } = await withFrozenServer();
    const sent = mq.publish('/a', 'sent', { timeoutMs: 200 });
    await expect(sent).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE', outcome: 'unknown' });
    thaw();
    await eventually(async () => (await redis.xlen(logOf('a'))) === 1);
    redis.disconnect();
  });

  test('is given up in time before the first connection exists', async () => {
    const server = await rig.server();
    const { url } = server;
    await server.stop();
    for (const connect of ['fail', 'wait'] as const) {
      const mq = rig.mq(url, { connect, connectTimeoutMs: 60_000 });
      const attempt = mq.publish('/a', 1, { timeoutMs: 100 });
      await expect(attempt).rejects.toMatchObject({ outcome: 'not-sent' });
      const signal = AbortSignal.timeout(100);
      await expect(mq.publish('/a', 1, { signal })).rejects.toBeInstanceOf(AbortedError);
      await mq.close();
    }
  });

  test('is never reported as not sent when its batch is sent again for others', async () => {
    const server = await rig.server();
    const redis = await connectTo(server.url);
    const mq = rig.mq(server.url, { publishTimeoutMs: 60_000 });
    await mq.publish('/a', 'warm up');
    await redis.config('SET', 'min-replicas-to-write', '1');
    const patient = mq.publish('/a', 'patient');
    const short = mq.publish('/a', 'short', { timeoutMs: 150 });
    // Both sends were refused in one batch.
    await expect(short).rejects.toMatchObject({ outcome: 'not-sent' });
    await redis.config('SET', 'min-replicas-to-write', '0');
    await patient;
    const bodies = (await redis.xrange(logOf('a'), '-', '+')).map(([, [, data]]) => data);
    expect(bodies).toEqual(['"warm up"', '"patient"']);
    redis.disconnect();
  });
});

describe('a send whose signal is aborted', () => {
  test('was not sent if it was only waiting, and says why', async () => {
    const mq = await withoutServer();
    const control = new AbortController();
    const reason = new Error('the request is gone');
    const sends = [
      mq.publish('/a', 1, { signal: control.signal }),
      mq.publish('/b', 1, { signal: control.signal, messageId: 'b' }),
      mq.transaction((tx) => tx.send('/a', 1), { signal: control.signal }),
    ];
    const other = mq.publish('/a', 2, { timeoutMs: 60_000 }).catch((error: unknown) => error);
    const told = Promise.allSettled(sends);
    await eventually(() => mq.health().publishing === 4);
    control.abort(reason);
    for (const { reason: error } of (await told) as PromiseRejectedResult[]) {
      expect(error).toBeInstanceOf(AbortedError);
      expect(error).toMatchObject({ code: 'ABORTED', outcome: 'not-sent', cause: reason });
    }
    expect(mq.health().publishing).toBe(1);
    void other;
    await expect(mq.publish('/a', 3, { signal: control.signal })).rejects.toMatchObject({
      ...{ code: 'ABORTED', outcome: 'not-sent', cause: reason },
    });
  });

  test('has an unknown outcome if it was on its way, and changes nothing for the others', async () => {
    const { mq, thaw, redis } = await withFrozenServer();
    const control = new AbortController();
    const first = mq.publish('/a', 1, { signal: control.signal });
    const second = mq.publish('/a', 2);
    // The sends leave at the end of this turn.
    await new Promise((resolve) => setImmediate(resolve));
    const third = mq.publish('/a', 3, { signal: control.signal });
    control.abort();
    await expect(first).rejects.toMatchObject({ code: 'ABORTED', outcome: 'unknown' });
    await expect(third).rejects.toMatchObject({ code: 'ABORTED', outcome: 'not-sent' });
    thaw();
    await second;
    expect(await redis.xlen(logOf('a'))).toBe(2);
    expect(mq.health().publishing).toBe(0);
    redis.disconnect();
  });

  test('may be a transaction whose callback never returns, which then ends', async () => {
    const server = await rig.server();
    const mq = rig.mq(server.url);
    const signal = AbortSignal.timeout(100);
    const never = mq.transaction(() => new Promise(() => undefined), { signal });
    await expect(never).rejects.toMatchObject({ code: 'ABORTED', outcome: 'not-sent' });
    await mq.transaction((tx) => tx.send('/a', 1));
  });

  test('leaves no listener behind, and may share its signal with many others', async () => {
    const server = await rig.server();
    const mq = rig.mq(server.url);
    const { signal } = new AbortController();
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    let added = 0;
    const [add, remove] = [signal.addEventListener, signal.removeEventListener];
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      added += 1;
      add.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      added -= 1;
      remove.apply(signal, args);
    };
    await Promise.all(Array.from({ length: 50 }, (_, n) => mq.publish('/a', n, { signal })));
    expect(added).toBe(0);
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });
});
