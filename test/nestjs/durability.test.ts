import { expect, test } from '@jest/globals';
import { LeanMQModule, WebhookPublisher } from '@leanmq/nestjs';
import { Test } from '@nestjs/testing';

import { startReplicated } from '../support/replicas.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();

test('the durability of forRoot holds for every way to send, unless a send says otherwise', async () => {
  const { master, replica, redis } = await startReplicated(rig);
  const durability = { replicas: 1, timeoutMs: 300 };
  const options = { redis: master.url, prefix: rig.prefix, durability, logger: false };
  const module = await Test.createTestingModule({
    imports: [LeanMQModule.forRoot(options)],
  }).compile();
  const app = await module.init();
  const publisher = app.get(WebhookPublisher);
  const patient = { durability: { replicas: 1, timeoutMs: 10_000 } };
  expect(await publisher.send('/a', 1, patient)).toMatchObject({ outcome: 'published' });
  replica.freeze();
  const refused = { code: 'NOT_REPLICATED' };
  const memory = { durability: 'memory' } as const;
  await expect(publisher.send('/a', 2)).rejects.toMatchObject(refused);
  await expect(publisher.transaction((tx) => tx.send('/a', 3))).rejects.toMatchObject(refused);
  expect(await publisher.sendMany('/a', [{ data: 4 }, { data: 5, options: memory }])).toMatchObject(
    [{ outcome: 'failed', error: refused }, { outcome: 'published' }],
  );
  expect(await publisher.transaction((tx) => tx.send('/a', 6), memory)).toMatchObject([
    { outcome: 'published' },
  ]);
  expect(await redis.xlen(`${rig.prefix}:{a}:log`)).toBe(6);
  redis.disconnect();
  await app.close();
});
