import { afterEach, expect, test } from '@jest/globals';

import { Child, killChildren } from '../support/children.js';
import { eventually } from '../support/eventually.js';
import type { IdleSettings } from '../support/programs/idle.js';
import type { RedisServer } from '../support/redis-server.js';
import { useFaultyRig } from '../support/server.js';

const rig = useFaultyRig();
afterEach(killChildren);

// Long enough to be past all first attempts, and a quarter of what it stands for: the pauses do not change after that.
const SECONDS = 15;
const MOST_PERCENT = 2;

type Said = readonly [what: string, detail?: unknown];

const said = ({ messages }: Child, what: string): Said[] =>
  (messages as Said[]).filter(([each]) => each === what);

/** A service with the defaults of a real one, and how much it uses while its Redis is away. */
async function idle(server: RedisServer): Promise<Child> {
  const child = Child.start('idle', {
    paths: Array.from({ length: 20 }, (_, n) => `/route/${n}`),
    options: { redis: server.url, prefix: rig.prefix, group: 'g' },
  } satisfies IdleSettings);
  await child.says((message) => (message as Said)[0] === 'ready');
  return child;
}

/** How much of a processor it used from the moment when it knew of the loss, %. */
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

/** From the loss to the first message after it. */
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

test('a subscribed service that has lost Redis for long stays, uses next to nothing, says so once, and goes on', async () => {
  // Both at once, because it takes its time: one is gone, one is frozen.
  await Promise.all([outage('gone'), outage('frozen')]);
}, 60_000);
