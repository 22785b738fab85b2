import { expect, test } from '@jest/globals';
import type { Transaction } from '@leanmq/core';

import { useBroker } from '../support/broker.js';

const broker = useBroker();

test('an invalid durability is refused, and so is one for a single send of a transaction; nothing is sent', async () => {
  const one = { replicas: 1, timeoutMs: 10_000 };
  const mq = broker.mq({ durability: one });
  const refused = { code: 'CONFIG_INVALID' };
  const wrong = { replicas: 1.5, timeoutMs: 100 };
  await expect(mq.publish('/a', 1, { durability: wrong })).rejects.toMatchObject(refused);
  const build = (tx: Transaction): void => tx.send('/a', 1);
  await expect(mq.transaction(build, { durability: wrong })).rejects.toMatchObject(refused);
  const single = mq.transaction((tx) => tx.send('/a', 1, { durability: one }));
  await expect(single).rejects.toMatchObject({
    ...refused,
    message: expect.stringContaining('option of the transaction') as unknown,
  });
  expect(await broker.redis.exists(broker.key('a', 'log'))).toBe(0);
});
