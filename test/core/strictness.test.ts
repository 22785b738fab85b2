import { describe, expect, test } from '@jest/globals';
import { LeanMQ, type LeanMQOptions } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { nextEvent } from '../support/eventually.js';

const broker = useBroker();

/** Views an object as plain JavaScript does, where no compiler checks names. */
type Loose = Record<string, (...given: unknown[]) => unknown>;

function loose(value: unknown): Loose {
  return value as Loose;
}

async function messageOf(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    return (error as Error).message;
  }
  return 'accepted';
}

describe('an unknown option is refused with a suggestion', () => {
  test.each<[string, object, RegExp]>([
    ['LeanMQ', { host: 'localhost' }, /give \{ host, port \} as "redis"/],
    ['LeanMQ', { leaseMS: 5 }, /did you mean "leaseMs"\?/],
    [
      'LeanMQ',
      { retention: { counts: 5 } },
      /"retention" takes count, ageMs; did you mean "count"\?/,
    ],
    ['LeanMQ', { startFrom: { at: 1, time: 2 } }, /"startFrom" takes at/],
    ['LeanMQ', { durability: { replica: 1, timeoutMs: 5 } }, /did you mean "replicas"\?/],
    ['LeanMQ', { limits: { payload: 5 } }, /did you mean "payloadBytes"\?|takes payloadBytes/],
    ['LeanMQ', { handlers: { prefetch: 5 } }, /give "concurrency"/],
  ])('by %s: %j', async (_, options, message) => {
    const all = { redis: broker.url, ...options } as unknown as LeanMQOptions;
    expect(await messageOf(() => new LeanMQ(all))).toMatch(message);
  });

  test.each<[object, RegExp]>([
    [{ retries: 3 }, /give "attempts", which includes the first one/],
    [{ concurency: 3 }, /did you mean "concurrency"\?/],
    [{ timeout: 3 }, /give "handlerTimeoutMs"/],
    [{ backoff: { type: 'exponential', delay: 5 } }, /give "baseMs"/],
    [{ backoff: { type: 'fixed', delay: 5 } }, /did you mean "delayMs"\?|give "baseMs"/],
    [{ backoff: { type: 'fixed', delayMs: 5, jiter: 'full' } }, /a backoff that is fixed takes/],
    [{ rateLimit: { max: 5, duration: 1_000 } }, /give "count"/],
    [{ rateLimit: { count: 5, perMS: 1_000 } }, /did you mean "perMs"\?/],
    [{ batch: { size: 5, maxWaitMs: 10 } }, /give "waitMs"/],
  ])('by a handler: %j', async (options, message) => {
    const mq = broker.mq();
    expect(await messageOf(() => loose(mq)['handle']?.('/a', () => undefined, options))).toMatch(
      message,
    );
  });

  test.each<[string, (mq: LeanMQ) => unknown, RegExp]>([
    ['receive', (mq) => loose(mq)['receive']?.('/a', { waitTimeSeconds: 5 }), /give "blockMs"/],
    ['processOnce', (mq) => loose(mq)['processOnce']?.({ limit: 5 }), /give "count"/],
    ['replay', (mq) => loose(mq)['replay']?.('/a', { since: 5 }), /give "from"/],
    ['purge', (mq) => loose(mq.queue('/a'))['purge']?.({ allgroup: true }), /"allGroups"\?/],
    ['delete', (mq) => loose(mq.queue('/a'))['delete']?.({ deadletters: true }), /"deadLetters"\?/],
    ['configure', (mq) => loose(mq.queue('/a'))['configure']?.({ maxLen: 5 }), /give "maxLength"/],
    ['list', (mq) => loose(mq.deadLetters('/a'))['list']?.({ limit: 5 }), /give "count"/],
    [
      'upsert',
      (mq) =>
        loose(mq.schedules)['upsert']?.({ id: 'a', path: '/a', data: 1, pattern: '* * * * *' }),
      /give "cron"/,
    ],
  ])('by %s()', async (_, call, message) => {
    const mq = broker.mq();
    await mq.publish('/a', 1);
    expect(await messageOf(() => call(mq))).toMatch(message);
  });

  test('by retry() of a pulled delivery, which stays in flight', async () => {
    const mq = broker.mq();
    await mq.publish('/a', 1);
    const [delivery] = await mq.receive('/a', { blockMs: 2_000 });
    expect(await messageOf(() => loose(delivery)['retry']?.({ delay: 5 }))).toMatch(
      /give "afterMs"/,
    );
    expect(await delivery?.ack()).toBe('settled');
  });
});

describe('a value of the wrong type is refused by name before anything is done:', () => {
  test.each<[string, object]>([
    ['allGroups', { allGroups: 'false' }],
    ['allGroups', { allGroups: 0 }],
  ])('%s of purge() and remove(), %j', async (name, options) => {
    const mq = broker.mq();
    await mq.publish('/a', 1);
    const queue = loose(mq.queue('/a'));
    const message = new RegExp(`^Option "${name}" is .*; allowed: true or false\\.$`);
    expect(await messageOf(() => queue['purge']?.(options))).toMatch(message);
    expect(await messageOf(() => queue['remove']?.('1-1', options))).toMatch(message);
    expect(await broker.redis.xlen(broker.key('a', 'log'))).toBe(1);
  });

  test('"dryRun" of calls that would change dead letters, which stay', async () => {
    const mq = broker.mq();
    const died = nextEvent(mq.events, 'deadLettered');
    await mq.consume('/a', () => Promise.reject(new Error('no')), { attempts: 1 });
    await mq.publish('/a', 1);
    await died;
    const letters = mq.deadLetters('/a');
    const loosely = loose(letters);
    for (const dryRun of ['true', 1, null, {}]) {
      const calls = [
        () => loosely['discard']?.({ dryRun }),
        () => loosely['replay']?.({ dryRun }),
        () => loosely['moveTo']?.('/b', { dryRun }),
        () => loose(mq)['replay']?.('/a', { dryRun }),
      ];
      for (const call of calls) expect(await messageOf(call)).toMatch(/^Option "dryRun" is /);
    }
    expect(await letters.count()).toBe(1);
  });

  test.each<[string, string, object, RegExp]>([
    ['removeGroup', 'force', { force: 'no' }, /true or false/],
    ['removeGroup', 'deadLetters', { deadLetters: 'keep' }, /true or false/],
  ])('%s(): "%s"', async (call, name, options, allowed) => {
    const mq = broker.mq();
    const queue = mq.queue('/a');
    await queue.declareGroup('other');
    const message = await messageOf(() => loose(queue)[call]?.('other', options));
    expect(message).toMatch(new RegExp(`^Option "${name}" is`));
    expect(message).toMatch(allowed);
    expect(await queue.groups()).toMatchObject([{ group: 'other' }]);
  });

  test.each<[string, (mq: LeanMQ) => unknown, RegExp]>([
    ['delete', (mq) => loose(mq.queue('/a'))['delete']?.({ deadLetters: 'no' }), /"deadLetters"/],
    ['pause', (mq) => loose(mq.queue('/a'))['pause']?.({ drain: 'yes' }), /"drain"/],
    [
      'discard',
      (mq) => loose(mq.deadLetters('/a'))['discard']?.({ onProgress: 'log' }),
      /"onProgress" is "log"; allowed: a function/,
    ],
    [
      'discard',
      (mq) => loose(mq.deadLetters('/a'))['discard']?.({ signal: new AbortController() }),
      /"signal" is .*; allowed: an AbortSignal/,
    ],
    ['replay', (mq) => loose(mq)['replay']?.('/a', { signal: {} }), /"signal"/],
    ['replay', (mq) => loose(mq)['replay']?.('/a', { from: 1e300 }), /"from"/],
    ['replay', (mq) => loose(mq)['replay']?.('/a', null), /options of replay\(\) are null/],
    ['replay', (mq) => loose(mq)['replay']?.('/a', 'all'), /options of replay\(\) are "all"/],
    ['transaction', (mq) => loose(mq)['transaction']?.([]), /transaction\(\) takes a function/],
    [
      'transaction',
      (mq) => loose(mq)['transaction']?.(),
      /takes a function such as .* given undefined/,
    ],
    ['queues', (mq) => loose(mq)['queues']?.({ signal: { aborted: false } }), /"signal"/],
    [
      'handleBatch',
      (mq) => loose(mq)['handleBatch']?.('/b', () => undefined, null),
      /options of a handler are null/,
    ],
    [
      'handleBatch',
      (mq) => loose(mq)['handleBatch']?.('/b', () => undefined, 5),
      /options of a handler are 5/,
    ],
    [
      'LeanMQ',
      () => new LeanMQ({ redis: broker.url, handlers: null } as unknown as LeanMQOptions),
      /options of "handlers" are null/,
    ],
  ])('%s() (%#)', async (_, call, message) => {
    const mq = broker.mq();
    await mq.publish('/a', 1);
    await mq.queue('/a').declareGroup(broker.prefix);
    expect(await messageOf(() => call(mq))).toMatch(message);
    expect(await mq.queue('/a').exists()).toBe(true);
  });

  test.each([undefined, null, '', 5, {}])('the id of a replay, %p', async (id) => {
    const mq = broker.mq();
    await mq.publish('/a', 1);
    const refusal = { code: 'ID_INVALID' };
    const queue = loose(mq.queue('/a'));
    await expect(queue['cancelReplay']?.(id)).rejects.toMatchObject(refusal);
    if (id === undefined) return;
    await expect(loose(mq)['replay']?.('/a', { resume: id })).rejects.toMatchObject(refusal);
  });
});

test.each([undefined, null, {}, 'onOrder', [() => undefined]])(
  'a handler that is %p is refused',
  async (handler) => {
    const mq = broker.mq();
    expect(await messageOf(() => loose(mq)['handle']?.('/a', handler))).toMatch(
      /^The handler of "\/a\/" is .*; give a function that takes the delivery\.$/,
    );
    expect(await messageOf(() => loose(mq)['handleBatch']?.('/a', handler))).toMatch(
      /^The handler of "\/a\/" is /,
    );
  },
);

test('a key function that returns nothing is an error that says what to do', async () => {
  const mq = broker.mq();
  const idempotent = (() => undefined) as unknown as () => string;
  mq.handle('/a', () => undefined, { idempotent, attempts: 1 });
  await mq.start();
  const died = nextEvent<{ error: { message: string } }>(mq.events, 'deadLettered');
  const { id } = await mq.publish('/a', 1);
  expect((await died).error.message).toMatch(
    `The key function of "idempotent" returned undefined for message "${id}" of "/a/"; let it return 1 to 512 bytes`,
  );
});

test('a path that looks like a pattern is refused by sends, handlers and recurring sends, and can be drained', async () => {
  const mq = broker.mq();
  const path = '/order/:id';
  const refusal = { code: 'PATH_INVALID' };
  await expect(mq.publish(path, 1)).rejects.toMatchObject(refusal);
  await expect(
    mq.transaction((tx) => {
      tx.send(path, 1);
    }),
  ).rejects.toMatchObject(refusal);
  expect(() => mq.handle(path, () => undefined)).toThrow(expect.objectContaining(refusal));
  expect(() => mq.handleBatch(path, () => undefined)).toThrow(expect.objectContaining(refusal));
  await expect(
    mq.schedules.upsert({ id: 'a', path, data: 1, everyMs: 1_000 }),
  ).rejects.toMatchObject(refusal);
  // Stored as an earlier version would.
  await broker.redis.hset(`${broker.prefix}:routes`, 'route:order/:id', '1');
  await broker.redis.xadd(broker.key('order/:id', 'log'), '*', 'd', '"old"');
  const [delivery] = await mq.receive(path, { blockMs: 2_000 });
  expect(delivery?.data).toBe('old');
  expect(await delivery?.ack()).toBe('settled');
});
