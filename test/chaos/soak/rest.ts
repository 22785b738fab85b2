import { setTimeout as sleep } from 'node:timers/promises';

import type { Redis } from 'ioredis';

import { leftoversOf } from '../final-state.js';
import { PATH } from './setting.js';

const REST_MS = 60_000;

/** Waits until everything is handled; what is not then. */
export async function untilEmpty(redis: Redis): Promise<Record<string, number>> {
  const deadline = Date.now() + REST_MS;
  for (;;) {
    const left = await leftoversOf(redis, [PATH]);
    if (Object.keys(left).length === 0 || Date.now() > deadline) return left;
    await sleep(500);
  }
}
