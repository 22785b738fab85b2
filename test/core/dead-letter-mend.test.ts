import { describe, expect, test } from '@jest/globals';
import { listWithDeadLetters, type WebhookDelivery } from '@leanmq/core';

import { useBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();

const upstream = (status: number, code: string): Error =>
  Object.assign(new Error(`upstream answered ${status}`, { cause: new Error('socket hang up') }), {
    status,
    code,
  });

describe('a dead letter replayed with a new payload', () => {
  test('reaches its own group only and says what it died of', async () => {
    const seen: WebhookDelivery[] = [];
    const mq = await broker.consume(
      '/a',
      (delivery) => {
        if (delivery.data === 'broken') throw upstream(503, 'E_BUSY');
        seen.push(delivery);
      },
      { group: 'g', handlers: { attempts: 1 } },
    );
    await mq.queue('/a').declareGroup('other');
    await mq.publish('/a', 'broken', { messageId: 'mine', headers: { tenant: 't' } });
    const letters = mq.deadLetters('/a');
    await eventually(async () => (await letters.count()) === 1);
    const [letter] = await letters.list();
    const id = letter?.id ?? '';
    await expect(letters.replay(id, { data: 7n })).rejects.toMatchObject({
      code: 'MESSAGE_INVALID',
    });
    await expect(letters.replay([id] as never, { data: 1 })).rejects.toThrow(/one dead letter/);
    expect(await letters.replay(id, { data: 'whole' })).toEqual([id]);
    await eventually(() => seen.length === 1);
    const [again] = seen;
    expect(again).toMatchObject({ id: 'mine', data: 'whole', headers: { tenant: 't' } });
    expect(again).toMatchObject({ attempt: 1, replays: 1, deadReason: 'failed' });
    expect(again?.lastError).toMatchObject({ code: 'E_BUSY', status: 503 });
    expect((await mq.queue('/a').info()).groups).toMatchObject([
      {},
      { group: 'other', waiting: 1 },
    ]);
  });

  test('may be one that could not be decoded', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.queue('/a').declareGroup('g');
    const history = { origin: '1-1', attempts: 0, crashes: 0, reason: 'undecodable' };
    const fields = ['m', JSON.stringify(history), 'd', '{', 'h', 'no'];
    const id = await broker.redis.xadd(broker.key('a', 'dead:g'), '*', ...fields);
    expect(await mq.deadLetters('/a').replay(id ?? '', { data: { n: 1 } })).toEqual([id]);
    expect(await mq.receive('/a')).toMatchObject([{ data: { n: 1 } }]);
  });
});

describe('dead letters', () => {
  test('can be filtered by code, by status and by any text of their error, and listed newest first', async () => {
    const mq = await broker.consume<[number, string]>(
      '/a',
      ({ data: [status, code] }) => Promise.reject(upstream(status, code)),
      { group: 'g', handlers: { attempts: 1, concurrency: 1 } },
    );
    for (const [status, code] of [
      [503, 'E_A'],
      [429, 'E_B'],
      [503, 'E_C'],
    ]) {
      await mq.publish('/a', [status, code]);
    }
    const letters = mq.deadLetters('/a');
    await eventually(async () => (await letters.count()) === 3);
    const codes = async (options: object): Promise<unknown[]> =>
      (await letters.list(options)).map(({ error }) => error?.code);
    expect(await codes({ status: 503 })).toEqual(['E_A', 'E_C']);
    expect(await codes({ status: [429, 500] })).toEqual(['E_B']);
    expect(await codes({ code: ['E_A', 'E_B'] })).toEqual(['E_A', 'E_B']);
    expect(await codes({ text: 'HANG UP' })).toEqual(['E_A', 'E_B', 'E_C']);
    expect(await codes({ text: 'dead-letter-mend' })).toHaveLength(3);
    expect(await codes({ newestFirst: true })).toEqual(['E_C', 'E_B', 'E_A']);
    const [newest] = await letters.list({ newestFirst: true, count: 1 });
    expect(await codes({ newestFirst: true, after: newest?.id })).toEqual(['E_B', 'E_A']);
    await expect(letters.list({ status: 'x' } as never)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    expect(await letters.fingerprints({ status: 503 })).toMatchObject([{ count: 1 }, { count: 1 }]);
  });
});

describe('a dead-letter queue', () => {
  test('is listed even when it is empty', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.queue('/a').declareGroup('g');
    expect(listWithDeadLetters(await mq.queues())).toMatchObject([
      { name: '/a/' },
      { name: '/a/:dead:g', isDlq: true, messages: 0 },
    ]);
  });

  test('can be dropped after its queue was deleted', async () => {
    const mq = broker.mq({ group: 'g' });
    await mq.publish('/a', 1);
    await mq.receive('/a').then(([delivery]) => delivery?.deadLetter());
    await mq.queue('/a').delete();
    expect(await mq.deadLetters('/a').count()).toBe(1);
    expect(await mq.queue('/a').delete({ deadLetters: true })).toBe(0);
    expect(await mq.deadLetters('/a').count()).toBe(0);
    await expect(mq.queue('/a').delete()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
