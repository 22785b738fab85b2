import { describe, expect, test } from '@jest/globals';

import { useBroker } from '../support/broker.js';

const broker = useBroker();

describe('a message that is settled by hand', () => {
  test('is done when it is acked, in flight or before a retry, and its body stays', async () => {
    const mq = broker.mq({ group: 'g', handlers: { attempts: 9 } });
    const queue = mq.queue('/a');
    const { id } = await mq.publish('/a', 1);
    const [first] = await mq.receive('/a');
    expect(await queue.ack(id)).toBe('in-flight');
    expect(await first?.retry({ afterMs: 0 })).toBe('lease-lost');
    const { id: other } = await mq.publish('/a', 2);
    await mq.receive('/a').then(([delivery]) => delivery?.retry({ afterMs: 60_000 }));
    expect(await queue.ack(other)).toBe('scheduled');
    expect(await queue.ack(other)).toBeUndefined();
    expect((await queue.find(other))?.groups.g).toEqual({ state: 'done' });
    expect(await broker.redis.xlen(broker.key('a', 'log'))).toBe(2);
  });

  test('becomes a dead letter, unless other groups still wait for it', async () => {
    const mq = broker.mq({ group: 'g', handlers: { attempts: 9 } });
    const queue = mq.queue('/a');
    const { id } = await mq.publish('/a', 'x', { messageId: 'mine' });
    await queue.declareGroup('g');
    await queue.declareGroup('other');
    await expect(queue.bury(id)).rejects.toMatchObject({ code: 'MESSAGE_WAITING' });
    await mq.receive('/a').then(([delivery]) => delivery?.retry({ afterMs: 60_000 }));
    expect(await queue.bury(id, { message: 'not this one' })).toBe('scheduled');
    expect(await mq.deadLetters('/a').list()).toMatchObject([
      { messageId: 'mine', data: 'x', reason: 'rejected', error: { message: 'not this one' } },
    ]);
    expect(await queue.info()).toMatchObject({
      groups: [{ scheduled: 0, dead: 1 }, { waiting: 1 }],
    });
  });

  test('runs now if it is delayed or waits for a retry', async () => {
    const mq = broker.mq({ group: 'g', handlers: { attempts: 9 } });
    const queue = mq.queue('/a');
    await queue.declareGroup('g');
    await mq.publish('/a', 'late', { delayMs: 3_600_000, messageId: 'late' });
    expect(await queue.runNow('late')).toBe('delayed');
    const [delivery] = await mq.receive('/a');
    expect(delivery).toMatchObject({ id: 'late', data: 'late' });
    await delivery?.retry({ afterMs: 3_600_000 });
    expect(await queue.runNow('late')).toBe('scheduled');
    expect(await mq.receive('/a')).toMatchObject([{ id: 'late', attempt: 2 }]);
    expect(await queue.runNow('late')).toBeUndefined();
  });
});
