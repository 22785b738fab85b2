import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import type { Redis } from 'ioredis';

import { LeanMQError } from '../../errors.js';
import { displayPath } from '../../message/index.js';
import { serverTime, type RouteKeys } from '../../redis/index.js';
import { flag, known } from '../../option-values.js';
import { assertGroup, wholeNumber } from '../arguments.js';
import type { ManageContext } from '../context.js';

export interface PauseOptions {
  /** Group to pause. @default the group of this process */
  readonly group?: string;
  /** Wait until the running handlers of all its processes have ended. @default false */
  readonly drain?: boolean;
  /** Time limit for `drain`, in ms; the group stays paused after it. @default undefined (no limit) */
  readonly timeoutMs?: number;
}

// A process learns of a pause within a second, and may start messages until then.
const HEARD_MS = 1_000;
const LOOK_MS = 100;

/**
 * Stops delivery to a group in all its processes, until it is resumed.
 *
 * @throws {LeanMQError} `DRAIN_TIMEOUT` when handlers still run after `timeoutMs`
 */
export async function pause(
  context: ManageContext,
  path: string,
  given: string | PauseOptions = {},
): Promise<void> {
  const options = typeof given === 'string' ? { group: given } : given;
  known('pause()', options, ['group', 'drain', 'timeoutMs']);
  flag('drain', options.drain);
  const { group = context.ownGroup(), drain = false, timeoutMs } = options;
  if (timeoutMs !== undefined) wholeNumber('timeoutMs', timeoutMs, 1);
  await setPaused(context, path, group, true);
  if (drain) await drained(context, path, group, timeoutMs);
}

/** Pauses or resumes a group in all its processes. */
export async function setPaused(
  context: ManageContext,
  path: string,
  group: string,
  paused: boolean,
): Promise<void> {
  await assertGroup(context, path, group);
  await context.registry.setPaused(path, group, paused);
  await context.changed();
}

async function drained(
  { connection, keys }: ManageContext,
  path: string,
  group: string,
  timeoutMs = Infinity,
): Promise<void> {
  const route = keys.route(path);
  const pausedAt = performance.now();
  for (;;) {
    const running = await connection.run((client) => countRunning(client, route, group));
    const passedMs = performance.now() - pausedAt;
    if (running === 0 && passedMs >= HEARD_MS) return;
    if (passedMs >= timeoutMs) {
      throw new LeanMQError(
        'DRAIN_TIMEOUT',
        `Group "${group}" still runs ${running} messages of "${displayPath(path)}" after ${timeoutMs} ms. It stays paused; call pause() again to keep waiting.`,
        { retryable: true },
      );
    }
    await delay(Math.min(LOOK_MS, timeoutMs - passedMs));
  }
}

/** Counts the messages that live consumers hold. Messages of a dead process do not run. */
async function countRunning(client: Redis, route: RouteKeys, group: string): Promise<number> {
  const [now, here, ...pending] = await Promise.all([
    serverTime(client),
    client.hgetall(route.here(group)),
    pendingOf(client, route.log, group),
    pendingOf(client, route.inbox(group), group),
  ]);
  let running = 0;
  for (const [consumer, count] of pending.flat()) {
    if (Number.parseInt(here[consumer] ?? '0', 10) > now) running += Number(count);
  }
  return running;
}

async function pendingOf(
  client: Redis,
  stream: string,
  group: string,
): Promise<[consumer: string, count: string][]> {
  try {
    const [, , , byConsumer] = (await client.xpending(stream, group)) as [
      ...[number, string, string],
      [string, string][] | null,
    ];
    return byConsumer ?? [];
  } catch (error) {
    // There is no inbox before the first redelivery.
    if (error instanceof Error && error.message.startsWith('NOGROUP')) return [];
    throw error;
  }
}
