import { describe, expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';
import { eventually, nextEvent } from '../support/eventually.js';

const broker = useBroker();

const lengthOf = (path: string): Promise<number> => broker.redis.xlen(broker.key(path, 'log'));

describe('trimming', () => {
  test('removes what every group has finished, except what is retained', async () => {
    let done = 0;
    const mq = await broker.consume('/log', () => void (done += 1), { retention: { count: 200 } });
    for (let n = 0; n < 2_000; n += 1) void mq.publish('/log', n);
    await eventually(() => done === 2_000);
    // Redis frees whole nodes of about a hundred entries.
    await eventually(async () => (await lengthOf('log')) <= 300);
    expect(await lengthOf('log')).toBeGreaterThanOrEqual(200);
  });

  test('skips an idle queue, and trims it at one of the next looks after it was used', async () => {
    let done = 0;
    const mq = await broker.consume('/log', () => void (done += 1), {
      retention: { count: 0 },
      sweepMs: 1_000,
    });
    await eventually(async () => (await broker.redis.exists(broker.key('log', 'sweeper'))) === 1);
    for (let n = 0; n < 1_000; n += 1) void mq.publish('/log', n);
    await eventually(() => done === 1_000);
    await eventually(async () => (await lengthOf('log')) <= 100);
  });

  test('never removes what a group has not finished: unread, in flight, or for a group that is not running', async () => {
    const log = broker.key('log', 'log');
    await broker.redis.xgroup('CREATE', log, 'absent', '0', 'MKSTREAM');
    let done = 0;
    const mq = await broker.consume('/log', () => void (done += 1), { retention: { count: 0 } });
    for (let n = 0; n < 1_500; n += 1) void mq.publish('/log', n);
    await eventually(() => done === 1_500);
    // By now, two sweeps could have trimmed the log.
    await nextSweeps(mq, 2);
    expect(await lengthOf('log')).toBe(1_500);

    // The absent group now reads a little and keeps it in flight.
    const reply = (await broker.redis.xreadgroup(
      ...(['GROUP', 'absent', 'c', 'COUNT', 700, 'STREAMS', log, '>'] as const),
    )) as [string, [string, string[]][]][];
    const ids = reply[0]?.[1].map(([id]) => id) ?? [];
    await broker.redis.xack(log, 'absent', ...ids.slice(0, 600), ...ids.slice(650));
    await eventually(async () => (await lengthOf('log')) <= 1_500 - 500);
    await nextSweeps(mq, 2);
    const [first] = await broker.redis.xrange(log, '-', '+', 'COUNT', 1);
    // The first pending entry, or something of its node before it.
    expect((first?.[0] ?? '') <= (ids[600] ?? '')).toBe(true);
    expect(await broker.redis.xrange(log, ids[600] ?? '', ids[649] ?? '')).toHaveLength(50);
  });

  test('keeps everything on a log without groups', async () => {
    const mq = broker.mq({ retention: { count: 0 } });
    for (let n = 0; n < 500; n += 1) void mq.publish('/log', n);
    await eventually(async () => (await lengthOf('log')) === 500);
    await nextSweeps(mq, 2);
    expect(await lengthOf('log')).toBe(500);
  });

  test('removes every finished entry from an inbox', async () => {
    const mq = await broker.consume(
      '/flaky',
      ({ attempt }) => {
        if (attempt === 1) throw new Error('no');
      },
      { group: 'g' },
    );
    let acked = 0;
    mq.events.on('acked', () => (acked += 1));
    for (let n = 0; n < 50; n += 1) void mq.publish('/flaky', n);
    await eventually(() => acked === 50);
    expect(await broker.redis.xlen(broker.key('flaky', 'inbox:g'))).toBe(0);
    expect(await broker.redis.zcard(broker.key('flaky', 'schedule'))).toBe(0);
    expect(await broker.redis.hlen(broker.key('flaky', 'scheduled'))).toBe(0);
  });

  /** Resolves when the route has been swept `count` times: each sweep promotes what is due. */
  async function nextSweeps(mq: ReturnType<typeof broker.mq>, count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      const promoted = nextEvent(mq.events, 'promoted');
      await broker.redis.hset(broker.key('log', 'scheduled'), 'send:probe', '');
      await broker.redis.hdel(broker.key('log', 'scheduled'), 'send:probe');
      await broker.redis.zadd(broker.key('log', 'schedule'), 1, 'send:probe');
      await promoted;
    }
  }
});
