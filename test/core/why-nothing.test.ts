import { describe, expect, test } from '@jest/globals';
import type { GroupInfo, LeanMQ } from '@leanmq/core';

import { QUICK, useBroker } from '../support/broker.js';
import { Child } from '../support/children.js';
import { eventually } from '../support/eventually.js';

const broker = useBroker();

/** Reads what another process sees of group `g` on a queue. */
async function seen(path: string): Promise<GroupInfo> {
  const { groups } = await broker.mq().queue(path).info();
  const group = groups.find((each) => each.group === 'g');
  if (group === undefined) throw new Error('the group is not on the queue');
  return group;
}

/** Starts a process of group `g` with a handler for the queue. */
function service(path: string, handler: () => unknown = () => undefined, options = {}): LeanMQ {
  return broker.mq({ group: 'g' }).handle(path, handler, options);
}

describe('numbers show another process why nothing is delivered', () => {
  test('when the group has no process, because it was closed or killed', async () => {
    const options = { ...QUICK, redis: broker.url, prefix: broker.prefix, group: 'g' };
    const child = Child.start('consumer', { path: '/a', options });
    try {
      await child.says((message) => Array.isArray(message) && message[0] === 'ready');
      expect(await seen('/a')).toMatchObject({ processes: [{ state: 'running' }] });
    } finally {
      await child.kill();
    }
    await eventually(async () => {
      expect(await seen('/a')).toMatchObject({ processes: [] });
    });
    const mq = service('/a');
    await mq.start();
    await eventually(async () => {
      expect((await seen('/a')).processes).toMatchObject([{ consumer: mq.consumer }]);
    });
    const { consumer } = mq;
    await mq.close();
    const { processes, consumers } = await seen('/a');
    expect(processes).toEqual([]);
    // The killed consumer's entry is removed once it has been idle long enough.
    expect(consumers.map(({ name }) => name)).not.toContain(consumer);
    // The killed process is forgotten by the next one that starts.
    expect(await broker.redis.exists(`${broker.prefix}:processes:g`)).toBe(0);
  });

  test('when the process is stopped, or was never started', async () => {
    const mq = service('/a');
    await mq.start();
    const { consumer } = mq;
    await mq.stop();
    const stopped = { state: 'stopped', consumer };
    expect(await seen('/a')).toMatchObject({ processes: [stopped], consumers: [] });
    const other = service('/a');
    await other.connect();
    await eventually(async () => {
      const states = (await seen('/a')).processes.map(({ state }) => state);
      expect(states.toSorted()).toEqual(['none', 'stopped']);
    });
    await mq.start();
    await eventually(async () => {
      const { processes, consumers } = await seen('/a');
      expect(processes.map(({ state }) => state).toSorted()).toEqual(['none', 'running']);
      expect(consumers).toMatchObject([{ name: mq.consumer, isHere: true }]);
    });
  });

  test('when the processes of the group have no handler for the queue', async () => {
    await broker.mq().queue('/other').declareGroup('g');
    const mq = service('/a');
    await mq.start();
    await eventually(async () => {
      const { processes, consumers } = await seen('/other');
      expect([processes.length, consumers]).toEqual([1, []]);
    });
    expect((await seen('/a')).consumers).toMatchObject([{ name: mq.consumer, isHere: true }]);
    // The list of all queues shows the same.
    const list = await broker.mq().queues();
    expect(list.map(({ groups }) => groups[0]?.processes.length)).toEqual([1, 1]);
  });

  test('when the group is paused', async () => {
    const mq = service('/a');
    await mq.start();
    await mq.queue('/a').pause();
    await eventually(async () => {
      const paused = { pausedAt: expect.any(Number), processes: [{ state: 'paused' }] };
      expect(await seen('/a')).toMatchObject(paused);
    });
  });

  test('when a handler waits for a permit', async () => {
    const before = Date.now();
    const mq = service('/a', () => undefined, { rateLimit: { count: 1, perMs: 60_000 } });
    await mq.start();
    for (const data of [1, 2, 3]) await mq.publish('/a', data);
    const [waiting] = await eventually(async () => {
      const { consumers } = await seen('/a');
      expect(consumers).toMatchObject([{ permitSince: expect.any(Number), busySince: undefined }]);
      return consumers;
    });
    expect(waiting).toMatchObject({ running: 0, isHere: true });
    expect(waiting?.permitSince).toBeGreaterThan(before - 1_000);
    expect(waiting?.permitSince).toBeLessThan(Date.now() + 1_000);
  });

  test('when all slots are busy, since when, and no longer once one is free', async () => {
    const finish: (() => void)[] = [];
    const hold = (): Promise<void> => new Promise((resolve) => finish.push(resolve));
    const mq = service('/a', hold, { concurrency: 2 });
    await mq.start();
    await mq.publish('/a', 1);
    await eventually(async () => {
      const { consumers } = await seen('/a');
      expect(consumers).toMatchObject([{ running: 1, slots: 2, busySince: undefined }]);
    });
    await mq.publish('/a', 2);
    await eventually(async () => {
      const { consumers } = await seen('/a');
      expect(consumers).toMatchObject([{ running: 2, slots: 2, busySince: expect.any(Number) }]);
    });
    finish.forEach((end) => end());
    await eventually(async () => {
      const { consumers } = await seen('/a');
      expect(consumers).toMatchObject([{ running: 0, slots: 2, busySince: undefined }]);
    });
  });

  test('and ignore values that a newer version or a person wrote there', async () => {
    const mq = service('/a');
    await mq.start();
    const later = String(Date.now() + 60_000);
    await broker.redis.hset(broker.key('a', 'here:g'), { x: later, y: `${later} {`, z: 'soon {}' });
    await broker.redis.hset(`${broker.prefix}:processes:g`, { x: 'soon', y: `${later} [1]` });
    await eventually(async () => {
      const { consumers, processes } = await seen('/a');
      expect(consumers.map(({ name }) => name).toSorted()).toEqual(
        [mq.consumer, 'x', 'y'].toSorted(),
      );
      expect(processes).toHaveLength(1);
    });
    await broker.redis.del(`${broker.prefix}:processes:g`);
    await broker.redis.set(`${broker.prefix}:processes:g`, 'x');
    expect((await seen('/a')).processes).toEqual([]);
  });
});
