import { describe, expect, test } from '@jest/globals';
import { LeanMQ } from '@leanmq/core';

import { QUICK } from '../support/broker.js';
import { nextEvent } from '../support/eventually.js';
import { RedisServer } from '../support/redis-server.js';

/** Runs with a server that hides a command, as managed services do. */
async function without(command: string, act: (mq: LeanMQ) => Promise<void>): Promise<void> {
  const server = await RedisServer.start({ config: { 'rename-command': `${command} ""` } });
  const mq = new LeanMQ({ ...QUICK, redis: server.url, group: 'g', connectTimeoutMs: 20_000 });
  try {
    await act(mq);
  } finally {
    await mq.close();
    await server.stop();
  }
}

describe('a server that hides a command', () => {
  test.each([
    ['CLIENT', /client id/i],
    ['XREADGROUP', /xreadgroup/i],
    ['XACK', /xack/i],
    ['XINFO', /xinfo/i],
    ['EVAL', /eval/i],
    ['EVALSHA', /evalsha/i],
    ['SCAN', undefined],
    ['CONFIG', undefined],
    ['ACL', undefined],
    ['SCRIPT', undefined],
    ['HELLO', undefined],
  ])(
    '%s is refused at the start by name where it is needed, or done without',
    async (command, named) => {
      await without(command, async (mq) => {
        const acked = nextEvent(mq.events, 'acked');
        const started = mq.consume('/a', () => undefined);
        if (named === undefined) {
          await started;
          await mq.publish('/a', 1);
          await acked;
          return;
        }
        acked.catch(() => undefined);
        const failure = expect(started).rejects;
        await failure.toMatchObject({ code: 'COMMAND_MISSING', retryable: false });
        await failure.toThrow(named);
      });
    },
  );

  test('WAIT is refused only to a process that waits for replicas', async () => {
    await without('WAIT', async (mq) => {
      await mq.publish('/a', 1);
    });
  });
});
