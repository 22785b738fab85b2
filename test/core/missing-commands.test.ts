import { describe, expect, test } from '@jest/globals';
import { LeanMQ } from '@leanmq/core';

import { QUICK } from '../support/broker.js';
import { nextEvent } from '../support/eventually.js';
import { RedisServer } from '../support/redis-server.js';

/** Runs `act` against a server that hides a command, as managed services do. */
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

describe('a server that hides', () => {
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
    '%s is refused by name at the start if the command is needed, and accepted if it is not',
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

  test('WAIT is accepted by a process that does not wait for replicas', async () => {
    await without('WAIT', async (mq) => {
      await mq.publish('/a', 1);
    });
  });
});
