import { afterEach, expect, test } from '@jest/globals';

import { Child, killChildren } from '../support/children.js';
import { eventually } from '../support/eventually.js';
import type { IdleSettings } from '../support/programs/idle.js';
import type { RedisServer } from '../support/redis-server.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();
afterEach(killChildren);

// Long enough to pass all first attempts; a longer outage looks the same, because later pauses do not change.
const SECONDS = 15;
const MOST_PERCENT = 2;

type Said = readonly [what: string, detail?: unknown];

const said = ({ messages }: Child, what: string): Said[] =>
  (messages as Said[]).filter(([each]) => each === what);

/** Starts a service with default options and nothing to do. */
async function idle(server: RedisServer): Promise<Child> {
  const child = Child.start('idle', {
    paths: Array.from({ length: 20 }, (_, n) => `/route/${n}`),
    options: { redis: server.url, prefix: rig.prefix, group: 'g' },
  } satisfies IdleSettings);
  await child.says((message) => (message as Said)[0] === 'ready');
  return child;
}

/** Returns its processor use from the moment it noticed the loss, in %. */
async function usedInOutage(child: Child): Promise<number> {
  await eventually(() => said(child, 'lost').length === 1, { timeoutMs: 15_000 });
  const before = said(child, 'used').length;
  const needed = before + SECONDS + 1;
  await eventually(() => said(child, 'used').length >= needed, {
    timeoutMs: (SECONDS + 10) * 1_000,
    everyMs: 100,
  });
  const used = said(child, 'used').map(([, ms]) => ms as number);
  return (used[needed - 1]! - used[before]!) / (SECONDS * 10);
}

/** Takes a service through an outage, from the loss to the first message after it. */
async function outage(how: 'gone' | 'frozen'): Promise<void> {
  const server = await rig.server({ appendonly: 'everysec' });
  const child = await idle(server);
  if (how === 'gone') await server.kill();
  else server.freeze();
  expect(await usedInOutage(child)).toBeLessThan(MOST_PERCENT);
  expect(child.hasExited).toBe(false);
  if (how === 'gone') await server.restart();
  else server.thaw();
  await eventually(() => said(child, 'regained').length === 1, { timeoutMs: 10_000 });
  await rig.mq(server.url).publish('/route/7', 1);
  await eventually(() => said(child, 'done').length === 1);
  const others = (child.messages as Said[]).filter(([what]) => what !== 'used');
  expect(others.map(([what]) => what)).toEqual(['ready', 'lost', 'regained', 'done']);
}

test('a subscribed service that loses Redis for a long time stays up, uses next to nothing, reports it once, and resumes', async () => {
  // Both at once, to save time: one server is gone, one is frozen.
  await Promise.all([outage('gone'), outage('frozen')]);
}, 60_000);
