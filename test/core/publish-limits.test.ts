import { describe, expect, test } from '@jest/globals';
import { BufferFullError, TransactionTooLargeError, type LeanMQ } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();
const KIB = 1024;

const lengthOf = (path: string): Promise<number> => broker.redis.xlen(broker.key(path, 'log'));

describe("a publisher's buffer", () => {
  test('never holds more than maxBuffered sends, even while Redis is there', async () => {
    const mq = broker.mq({ maxBuffered: 1_000 });
    await mq.connect();
    let most = 0;
    const sends = Array.from({ length: 4_000 }, (_, n) => {
      const send = mq.publish(`/a/${n % 7}`, n);
      most = Math.max(most, mq.health().publishing);
      return send;
    });
    expect(most).toBe(1_000);
    const ends = await Promise.allSettled(sends);
    expect(ends.map(({ status }) => status)).toEqual([
      ...Array<string>(1_000).fill('fulfilled'),
      ...Array<string>(3_000).fill('rejected'),
    ]);
    const { reason } = ends[2_000] as { reason: unknown };
    expect(reason).toBeInstanceOf(BufferFullError);
    expect(reason).toMatchObject({ code: 'BUFFER_FULL', outcome: 'not-sent', retryable: true });
    expect(mq.health().publishing).toBe(0);
    expect(await mq.publish('/a/0', 'again')).toMatchObject({ outcome: 'published' });
  });

  test('never holds more than maxBufferedBytes, but always takes a single send', async () => {
    const mq = broker.mq({ maxBufferedBytes: 100 * KIB });
    await mq.connect();
    const body = 'x'.repeat(30 * KIB);
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, () => mq.publish('/a', body)),
    );
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual([
      ...[true, true, true],
      ...Array<boolean>(7).fill(false),
    ]);
    expect(results[9]).toMatchObject({
      reason: { message: expect.stringContaining('"maxBufferedBytes"') },
    });
    // The limit counts bytes, not characters.
    const wide = await Promise.allSettled([1, 2].map(() => mq.publish('/a', 'ж'.repeat(30 * KIB))));
    expect(wide.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await mq.publish('/a', 'x'.repeat(200 * KIB));
  });

  test('makes a list wait for room, in order, instead of failing', async () => {
    const mq = broker.mq({ maxBuffered: 10 });
    const items = Array.from({ length: 500 }, (_, data) => ({ data }));
    let most = 0;
    mq.events.on('published', () => (most = Math.max(most, mq.health().publishing)));
    const results = await mq.publishMany('/a', items);
    expect(results.every(({ outcome }) => outcome === 'published')).toBe(true);
    expect(most).toBeLessThanOrEqual(10);
    const entries = await broker.redis.xrange(broker.key('a', 'log'), '-', '+');
    expect(entries.map(([, [, data]]) => Number(data))).toEqual(items.map(({ data }) => data));
  });
});

describe('a transaction', () => {
  test.each([
    ['sends', { maxTransactionSends: 5 }, 6, 'x', '5 sends (option "maxTransactionSends")'],
    ['bytes', { maxTransactionBytes: 10 * KIB }, 6, 'x'.repeat(2 * KIB), '10240 bytes'],
    ['what may wait', { maxBuffered: 5 }, 6, 'x', '5 sends (option "maxBuffered")'],
    ['sends by default', {}, 1_001, 'x', '1000 sends'],
    ['bytes by default', {}, 40, 'x'.repeat(240 * KIB), '8388608 bytes'],
    ['what a call takes', {}, 200_000, 'x', '1000 sends'],
  ])(
    'beyond its limit of %s is refused by name, and nothing of it is sent',
    async (_, options, sends, data, said) => {
      const mq = broker.mq(options);
      let begun = 0;
      const attempt = mq.transaction((tx) => {
        for (let n = 0; n < sends; n += 1) {
          begun += 1;
          tx.send('/a', data, { ttlMs: 60_000 });
        }
      });
      await expect(attempt).rejects.toBeInstanceOf(TransactionTooLargeError);
      await expect(attempt).rejects.toMatchObject({
        ...{ code: 'TRANSACTION_TOO_LARGE', outcome: 'not-sent', retryable: false },
        message: expect.stringContaining(said),
      });
      // The callback gets the error at once.
      expect(begun).toBeLessThanOrEqual(1_001);
      expect(await lengthOf('a')).toBe(0);
      expect(mq.health().publishing).toBe(0);
    },
  );

  test('beyond its limit is refused even when its callback carries on', async () => {
    const mq = broker.mq({ maxTransactionSends: 2 });
    const attempt = mq.transaction((tx) => {
      for (let n = 0; n < 5; n += 1) {
        try {
          tx.send('/a', n);
        } catch {
          // The callback ignores the error.
        }
      }
    });
    await expect(attempt).rejects.toBeInstanceOf(TransactionTooLargeError);
    expect(await lengthOf('a')).toBe(0);
  });

  test('up to its limits is accepted', async () => {
    const mq = broker.mq({ maxTransactionSends: 300 });
    const results = await mq.transaction((tx) => {
      for (let n = 0; n < 300; n += 1) tx.send(`/a/${n % 3}`, n, n % 2 ? { ttlMs: 60_000 } : {});
    });
    expect(results).toHaveLength(300);
    await eventually(async () => (await lengthOf('a/0')) === 100);
  });
});

describe('the marker that tells a repeated batch from a new one', () => {
  test('is kept for longer than any send keeps trying', async () => {
    const hour = 3_600_000;
    const keptFor = async (mq: LeanMQ): Promise<number> =>
      broker.redis.pttl(broker.key('a', `publisher:${mq.consumer}`));
    const patient = broker.mq({ publishTimeoutMs: 24 * hour });
    await patient.publish('/a', 1);
    expect(await keptFor(patient)).toBeGreaterThan(24.4 * hour);
    const usual = broker.mq();
    await usual.publish('/a', 1);
    expect(await keptFor(usual)).toBeLessThanOrEqual(hour);
    await usual.publish('/a', 1, { timeoutMs: 2 * hour });
    expect(await keptFor(usual)).toBeGreaterThan(2.4 * hour);
  });
});
