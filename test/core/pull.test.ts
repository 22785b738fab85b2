import { describe, expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();

describe('receive()', () => {
  test('takes up to the requested number of messages, to be settled by the caller', async () => {
    const mq = broker.mq({ group: 'g' });
    for (let n = 0; n < 5; n += 1) await mq.publish('/q', n);
    const first = await mq.receive<number>('/q', { count: 3 });
    expect(first.map(({ data, attempt }) => [data, attempt])).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
    ]);
    const rest = await mq.receive<number>('/q', { count: 10 });
    expect(rest.map(({ data }) => data)).toEqual([3, 4]);
    expect(await mq.receive('/q')).toEqual([]);
    for (const delivery of [...first, ...rest]) expect(await delivery.ack()).toBe('settled');
    expect(mq.health().inFlight).toBe(0);
    const [pending] = (await broker.redis.xpending(broker.key('q', 'log'), 'g')) as [number];
    expect(pending).toBe(0);
    // The messages are kept as history.
    expect(await broker.redis.xlen(broker.key('q', 'log'))).toBe(5);
  });

  test('takes a consumer name, which is listed with what it holds', async () => {
    const mq = broker.mq({ group: 'g' });
    for (let n = 0; n < 3; n += 1) await mq.publish('/q', n);
    const [forAda] = await mq.receive('/q', { consumer: 'ada' });
    const [forBob] = await mq.receive('/q', { consumer: 'bob' });
    const held = await mq.queue('/q').inFlight();
    expect(held.map(({ consumer }) => consumer.split('-')[0])).toEqual(['ada', 'bob']);
    await forAda?.ack();
    await forBob?.ack();
  });

  test('waits for the first message if asked to', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.receive('/q');
    const waiting = mq.receive<string>('/q', { blockMs: 900 });
    await mq.publish('/q', 'there');
    const [delivery] = await waiting;
    expect(delivery?.data).toBe('there');
    await delivery?.ack();
  });

  test('returns deliveries that a retry, dead-letter or release ends; the first call counts', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.publish('/q', 'x');
    const [first] = await mq.receive('/q');
    expect(await first?.retry({ error: new Error('not yet') })).toBe('settled');
    expect(await first?.ack()).toBe('lease-lost');
    const again = await eventually(async () => {
      const [delivery] = await mq.receive('/q');
      if (delivery === undefined) throw new Error('not there yet');
      return delivery;
    });
    expect([again.attempt, again.lastError?.message]).toEqual([2, 'not yet']);
    await again.release();
    const [released] = await mq.receive('/q', { blockMs: 500 });
    expect(released?.attempt).toBe(2);
    await released?.deadLetter('of no use');
    const [letter] = await mq.deadLetters('/q').list();
    expect(letter).toMatchObject({ reason: 'rejected', error: { message: 'of no use' } });
  });

  test('returns deliveries whose retry with a custom delay records the given error', async () => {
    const mq = broker.mq({ group: 'g', handlers: { attempts: 2 } });
    await mq.publish('/q', 'x');
    const error = Object.assign(new TypeError('not yet'), { code: 'E_LATER' });
    const [first] = await mq.receive('/q');
    await first?.retry({ afterMs: 20, error });
    const [again] = await eventually(async () => {
      const got = await mq.receive('/q');
      expect(got).toHaveLength(1);
      return got;
    });
    const recorded = { name: 'TypeError', message: 'not yet', code: 'E_LATER' };
    expect(again?.lastError).toMatchObject(recorded);
    await again?.retry({ afterMs: 20, error });
    const [letter] = await mq.deadLetters('/q').list();
    expect(letter).toMatchObject({ reason: 'failed', error: recorded });
    expect(letter?.error).not.toHaveProperty('cause');
    for (const afterMs of [-1, Number.NaN, Infinity]) {
      await expect(again?.retry({ afterMs })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    }
  });

  test('keeps what it returned alive beyond the lease, and releases it at close', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.publish('/q', 'held');
    const [held] = await mq.receive('/q');
    const other = broker.mq({ group: 'g' });
    const takenBefore = performance.now() + 1_800;
    // Twice the lease, while another consumer keeps looking for stale entries.
    while (performance.now() < takenBefore)
      expect(await other.receive('/q', { blockMs: 200 })).toEqual([]);
    expect(held?.signal.aborted).toBe(false);
    await mq.close();
    const [again] = await other.receive('/q', { blockMs: 900 });
    expect([again?.data, again?.attempt]).toEqual(['held', 1]);
    await again?.ack();
  });

  test.each([
    [{ count: 0 }, 'Option "count" is 0; allowed: a whole number, 1 or more.'],
    [{ count: -1 }, 'Option "count" is -1; allowed: a whole number, 1 or more.'],
    [{ count: 1.5 }, 'Option "count" is 1.5; allowed: a whole number, 1 or more.'],
    [{ count: NaN }, 'Option "count" is NaN; allowed: a whole number, 1 or more.'],
    [{ blockMs: -1 }, 'Option "blockMs" is -1; allowed: a whole number, 0 to 2000000000.'],
    [{ blockMs: 0.5 }, 'Option "blockMs" is 0.5; allowed: a whole number, 0 to 2000000000.'],
    [{ blockMs: NaN }, 'Option "blockMs" is NaN; allowed: a whole number, 0 to 2000000000.'],
    [
      { blockMs: Infinity },
      'Option "blockMs" is Infinity; allowed: a whole number, 0 to 2000000000.',
    ],
  ])('refuses %p, as does processOnce()', async (options, message) => {
    const refusal = { code: 'CONFIG_INVALID', message };
    const mq = broker.mq();
    await expect(mq.receive('/q', options)).rejects.toMatchObject(refusal);
    await expect(mq.processOnce(options)).rejects.toMatchObject(refusal);
  });
});

describe('processOnce()', () => {
  test('takes what is due, runs the handlers and returns what it did', async () => {
    const mq = broker.mq({
      group: 'g',
      handlers: { attempts: 2, backoff: { type: 'fixed', delayMs: 1 } },
    });
    const seen: [unknown, number][] = [];
    mq.handle('/cron', ({ data, attempt }) => {
      seen.push([data, attempt]);
      if (data === 'bad') throw new Error('no');
    });
    for (const data of ['good', 'bad', 'good']) await mq.publish('/cron', data);
    expect(await mq.processOnce()).toEqual({ processed: 2, failed: 1, deadLettered: 0 });
    const second = await eventually(async () => {
      const result = await mq.processOnce();
      if (result.deadLettered === 0) throw new Error('its retry is not due yet');
      return result;
    });
    expect(second).toEqual({ processed: 0, failed: 0, deadLettered: 1 });
    expect(seen).toEqual([
      ['good', 1],
      ['bad', 1],
      ['good', 1],
      ['bad', 2],
    ]);
    expect(await mq.processOnce({ blockMs: 20 })).toEqual({
      processed: 0,
      failed: 0,
      deadLettered: 0,
    });
    expect(await broker.redis.xinfo('CONSUMERS', broker.key('cron', 'log'), 'g')).toEqual([]);
  });

  test('takes no more than its count over all queues', async () => {
    const mq = broker.mq({ group: 'g' });
    let done = 0;
    for (const path of ['/a', '/b', '/c']) mq.handle(path, () => void (done += 1));
    for (let n = 0; n < 30; n += 1) await mq.publish(['/a', '/b', '/c'][n % 3] ?? '', n);
    expect(await mq.processOnce({ count: 7 })).toMatchObject({ processed: 7 });
    expect(done).toBe(7);
    expect(await mq.processOnce({ count: 100 })).toMatchObject({ processed: 23 });
  });

  test('takes more messages than there are slots in one call', async () => {
    const mq = broker.mq({ group: 'g', handlers: { concurrency: 3 } });
    let done = 0;
    mq.handle('/a', async () => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      done += 1;
    });
    await Promise.all(Array.from({ length: 50 }, (_, n) => mq.publish('/a', n)));
    expect(await mq.processOnce()).toEqual({ processed: 50, failed: 0, deadLettered: 0 });
    expect(done).toBe(50);
  });

  test('takes what a crashed process left behind at the second look', async () => {
    const crashed = broker.mq({ group: 'g' });
    await crashed.publish('/a', 'left behind');
    await broker.redis.xgroup('CREATE', broker.key('a', 'log'), 'g', '0');
    await broker.redis.xreadgroup('GROUP', 'g', 'crashed', 'STREAMS', broker.key('a', 'log'), '>');
    const mq = broker.mq({ group: 'g' });
    const crashes: number[] = [];
    mq.handle('/a', (delivery) => void crashes.push(delivery.crashes));
    await eventually(async () => (await mq.processOnce()).processed === 1);
    expect(crashes).toEqual([1]);
  });
});
