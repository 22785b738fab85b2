import { describe, expect, test } from '@jest/globals';
import { ConfigError, type PublishOptions } from '@leanmq/core';

import { useBroker } from '../support/broker.js';

const broker = useBroker();

const lengthOf = (path: string): Promise<number> => broker.redis.xlen(broker.key(path, 'log'));

const UNKNOWN: readonly [options: object, said: RegExp][] = [
  [{ ttl: 5 }, /"ttl" is not known; .*did you mean "ttlMs"\?/],
  [{ delay: 5_000 }, /"delay" is not known; .*did you mean "delayMs"\?/],
  [{ messageID: 'a' }, /"messageID" is not known; .*did you mean "messageId"\?/],
  [{ header: {} }, /"header" is not known; .*did you mean "headers"\?/],
  [{ jobId: 'a' }, /did you mean "messageId", which BullMQ calls "jobId"\?/],
  [{ countdown: 5 }, /did you mean "delayMs", which Celery calls "countdown"\?/],
  [{ attempts: 3 }, /"attempts" is not an option of a send; did you mean "attempts", an option of/],
  [{ priority: 1 }, /messages have no priority/],
  [{ repeat: { every: 1 } }, /schedules\.upsert\(\)/],
  [{ ttlMs: 60_000, whatever: 1 }, /"whatever" is not known; a send takes messageId, /],
  [null as never, /^The options of a send are null; /],
  [5 as never, /^The options of a send are 5; /],
  ['60s' as never, /^The options of a send are "60s"; /],
  [[] as never, /^The options of a send are an array; /],
];

describe('an unknown option of a send', () => {
  test.each(UNKNOWN)(
    'is refused by publish and by tx.send, and nothing is sent: %j',
    async (options, said) => {
      const mq = broker.mq();
      const given = options as PublishOptions;
      const publish = mq.publish('/a', 1, given);
      await expect(publish).rejects.toBeInstanceOf(ConfigError);
      await expect(publish).rejects.toThrow(said);
      // Again, on an open connection.
      await expect(mq.publish('/a', 1, given)).rejects.toThrow(said);
      const transaction = mq.transaction((tx) => {
        tx.send('/a', 1);
        tx.send('/a', 2, given);
      });
      await expect(transaction).rejects.toBeInstanceOf(ConfigError);
      await expect(transaction).rejects.toThrow(said);
      const [wrong, right] = await mq.publishMany('/b', [{ data: 1, options: given }, { data: 2 }]);
      expect(wrong).toMatchObject({
        outcome: 'failed',
        error: { message: expect.stringMatching(said) },
      });
      expect(right).toMatchObject({ outcome: 'published' });
      expect([await lengthOf('a'), await lengthOf('b')]).toEqual([0, 1]);
    },
  );

  test('is refused beside the data of an item, and so is an invalid item', async () => {
    const mq = broker.mq();
    const items = [{ data: 1, ttlMs: 5 }, { data: 1, payload: 2 }, 1, null, {}] as unknown as {
      data: number;
    }[];
    const results = await mq.publishMany('/a', items);
    const said = results.map((result) => ('error' in result ? result.error.message : ''));
    expect(said).toEqual([
      expect.stringContaining('Option "ttlMs" is beside "data"'),
      expect.stringContaining('Option "payload" is not known'),
      expect.stringContaining('An item of publishMany() is 1;'),
      expect.stringContaining('An item of publishMany() is null;'),
      expect.stringContaining('An item of publishMany() is an object'),
    ]);
    await expect(mq.publishMany('/a', { data: 1 } as never)).rejects.toThrow(/takes an array/);
    expect(await lengthOf('a')).toBe(0);
  });

  test.each<[object, RegExp]>([
    [{ durabilty: 'memory' }, /did you mean "durability"\?/],
    [{ ttlMs: 5 }, /"ttlMs" is not known; a transaction takes durability, timeoutMs, signal/],
    [{ durability: { replicas: 1, timeout: 5 } }, /"timeout" is not known; .*"timeoutMs"\?/],
    [null as never, /^The options of a transaction are null/],
  ])('is refused for a transaction before its callback runs: %j', async (options, said) => {
    let ran = false;
    const attempt = broker.mq().transaction(() => void (ran = true), options);
    await expect(attempt).rejects.toThrow(said);
    expect(ran).toBe(false);
  });
});

describe('a known option of a send', () => {
  test.each<[PublishOptions, RegExp]>([
    [
      { messageId: 'a', dedupeMs: 2 ** 50 },
      /"dedupeMs" is 1125899906842624; allowed: .* to 3153600000000/,
    ],
    [{ timeoutMs: 0 }, /"timeoutMs" is 0; allowed: a whole number, 1 to 2000000000/],
    [{ timeoutMs: 2 ** 31 }, /"timeoutMs" is 2147483648/],
    [{ timeoutMs: '5' as never }, /"timeoutMs" is "5"/],
    [{ signal: 'stop' as never }, /"signal" is "stop"; allowed: an AbortSignal/],
    [{ signal: null as never }, /"signal" is null; allowed: an AbortSignal/],
  ])('is refused when its value is invalid: %j', async (options, said) => {
    const mq = broker.mq();
    await expect(mq.publish('/a', 1, options)).rejects.toThrow(said);
    await mq.connect();
    await expect(mq.publish('/a', 1, options)).rejects.toThrow(said);
    expect(await lengthOf('a')).toBe(0);
  });

  test.each<PublishOptions>([
    { timeoutMs: 30_000 },
    { signal: new AbortController().signal },
    { durability: 'memory' },
  ])("is refused in a transaction's send if it belongs to the transaction: %j", async (options) => {
    const mq = broker.mq();
    const attempt = mq.transaction((tx) => tx.send('/a', 1, options));
    await expect(attempt).rejects.toThrow(/only as an option of the transaction as a whole/);
    expect(await mq.transaction((tx) => tx.send('/a', 1), options)).toHaveLength(1);
  });
});
