import { describe, expect, test } from '@jest/globals';
import { InvalidMessageError, type PublishResult } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();

const lengthOf = (path: string): Promise<number> => broker.redis.xlen(broker.key(path, 'log'));

describe('a transaction', () => {
  test('delivers all of its sends, whose ids are known when it resolves', async () => {
    const got: [string, unknown][] = [];
    const mq = broker.mq();
    for (const path of ['/a', '/b']) mq.handle(path, ({ id, data }) => void got.push([id, data]));
    await mq.start();
    const results = await mq.transaction((tx) => {
      tx.send('/a', 1);
      tx.send('/b', 2, { headers: { h: 'x' }, ttlMs: 60_000 });
      tx.send('/a', 3, { messageId: 'mine' });
    });
    expect(results.map(({ outcome }) => outcome)).toEqual(['published', 'published', 'published']);
    expect(results[2]?.id).toBe('mine');
    await eventually(() => got.length === 3);
    expect(new Map(got)).toEqual(new Map(results.map(({ id }, index) => [id, index + 1])));
  });

  test('keeps the order of plain sends on each path, with their headers and ids', async () => {
    const mq = broker.mq();
    const several = await Promise.all(
      [1, 2].map((unit) =>
        mq.transaction((tx) => {
          tx.send('/a', [unit, 1]);
          tx.send('/b', [unit, 2], { headers: { unit: String(unit) } });
          tx.send('/a', [unit, 3]);
        }),
      ),
    );
    const bare = await mq.transaction((tx) => {
      tx.send('/b', 'x y');
      tx.send('/a', 'last');
    });
    const entriesOf = (path: string): Promise<[string, string[]][]> =>
      broker.redis.xrange(broker.key(path, 'log'), '-', '+');
    const ids = [...several, bare].map((results) => results.map(({ id }) => id));
    expect(await entriesOf('a')).toEqual([
      [ids[0]?.[0], ['d', '[1,1]']],
      [ids[0]?.[2], ['d', '[1,3]']],
      [ids[1]?.[0], ['d', '[2,1]']],
      [ids[1]?.[2], ['d', '[2,3]']],
      [ids[2]?.[1], ['d', '"last"']],
    ]);
    expect(await entriesOf('b')).toEqual([
      [ids[0]?.[1], ['d', '[1,2]', 'h', '{"unit":"1"}']],
      [ids[1]?.[1], ['d', '[2,2]', 'h', '{"unit":"2"}']],
      [ids[2]?.[0], ['d', '"x y"']],
    ]);
  });

  test('sends nothing if its callback throws', async () => {
    const mq = broker.mq();
    const failure = new Error('changed my mind');
    const attempt = mq.transaction((tx) => {
      tx.send('/a', 1);
      throw failure;
    });
    await expect(attempt).rejects.toBe(failure);
    expect(await lengthOf('a')).toBe(0);
  });

  test('sends nothing if one payload is invalid', async () => {
    const mq = broker.mq();
    const attempt = mq.transaction((tx) => {
      tx.send('/a', 1);
      tx.send('/b', { at: 1n });
    });
    await expect(attempt).rejects.toBeInstanceOf(InvalidMessageError);
    expect([await lengthOf('a'), await lengthOf('b')]).toEqual([0, 0]);
  });

  test('sends nothing if a key of one queue has the wrong type, and does not hold up other transactions', async () => {
    await broker.redis.set(broker.key('b', 'log'), 'not a stream');
    const mq = broker.mq();
    await mq.connect();
    const [broken, whole] = await Promise.allSettled([
      mq.transaction((tx) => {
        tx.send('/a', 1);
        tx.send('/b', 2);
      }),
      mq.transaction((tx) => {
        tx.send('/a', 3);
        tx.send('/c', 4);
      }),
    ]);
    expect(broken).toMatchObject({ status: 'rejected', reason: { code: 'KEY_TYPE' } });
    expect(whole.status).toBe('fulfilled');
    expect([await lengthOf('a'), await lengthOf('c')]).toEqual([1, 1]);
  });

  test('is undone by a used message id with other data; with the same data it is a duplicate', async () => {
    const mq = broker.mq();
    const { id } = await mq.publish('/a', { n: 1 }, { messageId: 'one' });
    await expect(
      mq.transaction((tx) => {
        tx.send('/b', 1);
        tx.send('/a', { n: 2 }, { messageId: 'one' });
      }),
    ).rejects.toMatchObject({ code: 'MESSAGE_ID_CONFLICT' });
    expect(await lengthOf('b')).toBe(0);
    const results: PublishResult[] = await mq.transaction((tx) => {
      tx.send('/b', 1);
      tx.send('/a', { n: 1 }, { messageId: 'one' });
    });
    expect(results[1]).toEqual({ id, outcome: 'duplicate' });
    expect([await lengthOf('a'), await lengthOf('b')]).toEqual([1, 1]);
  });

  test('refuses a nested transaction, and a send after its callback has returned', async () => {
    const mq = broker.mq();
    const nested = mq.transaction(async (tx) => {
      tx.send('/a', 1);
      await mq.transaction((inner) => inner.send('/b', 2));
    });
    await expect(nested).rejects.toMatchObject({ code: 'TRANSACTION_NESTED' });
    let late = (): void => undefined;
    await mq.transaction((tx) => {
      late = () => tx.send('/a', 'too late');
    });
    expect(late).toThrow(/transaction is closed/i);
    expect([await lengthOf('a'), await lengthOf('b')]).toEqual([0, 0]);
  });

  test('of another request may continue inside an open one, through a shared limiter', async () => {
    const mq = broker.mq();
    await mq.connect();
    // A limiter of one, as many programs have: the next job starts where the last one ended.
    const jobs: (() => Promise<void>)[] = [];
    let busy = false;
    const next = (): void => {
      const job = jobs.shift();
      busy = job !== undefined;
      void job?.().finally(next);
    };
    const limited = <T>(job: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        jobs.push(() => job().then(resolve, reject));
        if (!busy) next();
      });
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const first = mq.transaction(async (tx) => {
      await limited(() => released);
      await second;
      tx.send('/a', 1);
    });
    const second = limited(() => mq.transaction((tx) => tx.send('/b', 1)));
    release();
    expect(await second).toMatchObject([{ outcome: 'published' }]);
    expect(await first).toMatchObject([{ outcome: 'published' }]);
  });

  test('warns once about publishes during its callback that are not part of it', async () => {
    const mq = broker.mq();
    const warnings: unknown[] = [];
    mq.events.on('warning', (warning) => warnings.push(warning));
    await mq.publish('/a', 'outside');
    await mq.transaction((tx) => tx.send('/a', 'inside'));
    expect(warnings).toEqual([]);
    const failed = mq.transaction(async (tx) => {
      tx.send('/a', 'inside');
      await Promise.resolve();
      await mq.publish('/a', 'beside');
      await mq.publishMany('/a', [{ data: 'beside' }]);
      throw new Error('changed my mind');
    });
    await expect(failed).rejects.toThrow('changed my mind');
    expect(warnings).toEqual([
      { code: 'SEND_BESIDE_TRANSACTION', message: expect.stringContaining('tx.send()') },
    ]);
    expect(await lengthOf('a')).toBe(4);
  });

  test('may follow in code that was started inside one that has ended', async () => {
    const mq = broker.mq();
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    let background: Promise<PublishResult[]> | undefined;
    await mq.transaction((tx) => {
      tx.send('/a', 1);
      background = ended.then(() => mq.transaction((own) => own.send('/b', 2)));
    });
    end();
    expect(await background).toMatchObject([{ outcome: 'published' }]);
    expect([await lengthOf('a'), await lengthOf('b')]).toEqual([1, 1]);
  });

  test('without sends does nothing', async () => {
    expect(await broker.mq().transaction(() => undefined)).toEqual([]);
  });

  test('may mix delays and times to live', async () => {
    const mq = broker.mq();
    const results = await mq.transaction((tx) => {
      tx.send('/a', 'now');
      tx.send('/a', 'later', { delayMs: 60_000, ttlMs: 1_000 });
      tx.send('/b', 'short', { ttlMs: 1_000 });
    });
    expect(results.map(({ outcome }) => outcome)).toEqual(['published', 'scheduled', 'published']);
    expect(await lengthOf('a')).toBe(1);
    expect(await broker.redis.zcard(broker.key('a', 'schedule'))).toBe(1);
    expect(await broker.redis.zcard(broker.key('b', 'expiry'))).toBe(1);
  });
});
