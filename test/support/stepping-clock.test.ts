import { expect, it } from '@jest/globals';

import { eventually } from './eventually.js';
import { connectTo, disconnect } from './redis.js';
import { RedisServer } from './redis-server.js';
import { SteppingClock } from './stepping-clock.js';

const clock = SteppingClock.create();
const onlyWithCompiler = clock === undefined ? it.skip : it;
const HOUR_MS = 3_600_000;

onlyWithCompiler('a stepping clock moves the time of its server alone, either way', async () => {
  const { env } = clock as SteppingClock;
  const server = await RedisServer.start({ env });
  const redis = await connectTo(server.url);
  const aheadMs = async (): Promise<number> => {
    const [seconds] = (await redis.time()).map(Number) as [number, number];
    return seconds * 1_000 - Date.now();
  };
  try {
    expect(Math.abs(await aheadMs())).toBeLessThan(2_000);
    clock?.setTo(HOUR_MS);
    await eventually(async () => Math.abs((await aheadMs()) - HOUR_MS) < 2_000);
    clock?.setTo(-HOUR_MS - 500);
    await eventually(async () => Math.abs((await aheadMs()) + HOUR_MS) < 2_500);
  } finally {
    disconnect(redis);
    await server.stop();
    clock?.remove();
  }
});
