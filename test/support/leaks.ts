import { setImmediate } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { eventually } from './eventually.js';

/**
 * Asserts that no connection is left whose client name starts with `namePrefix`.
 * Waits a little, because Redis notices a closed socket a moment later.
 *
 * @param redis any connection to the server
 */
export async function expectNoClients(
  redis: Redis,
  namePrefix: string,
  options?: { timeoutMs?: number },
): Promise<void> {
  await eventually(async () => {
    const names = await clientNames(redis);
    const left = names.filter((name) => name.startsWith(namePrefix));
    if (left.length > 0) throw new Error(`connections left open: ${left.join(', ')}`);
  }, options);
}

async function clientNames(redis: Redis): Promise<string[]> {
  const list = (await redis.call('CLIENT', 'LIST')) as string;
  return list.split('\n').map((line) => / name=(\S*)/.exec(line)?.[1] ?? '');
}

/** Resources that keep the process alive at one moment, counted by kind. */
export type Resources = ReadonlyMap<string, number>;

/** Counts the open resources, for {@link expectNoNewResources} to compare with later. */
export async function openResources(): Promise<Resources> {
  // A timer counts until its callback returns, and this call may be inside one.
  await setImmediate();
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (WATCHED.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** Asserts that no timer, socket or server has been left behind since `before`. */
export async function expectNoNewResources(
  before: Resources,
  options?: { timeoutMs?: number },
): Promise<void> {
  await eventually(async () => {
    const now = await openResources();
    const left = [...now].filter(([kind, count]) => count > (before.get(kind) ?? 0));
    if (left.length > 0) {
      throw new Error(`left behind: ${left.map(([kind, n]) => `${n} ${kind}`).join(', ')}`);
    }
  }, options);
}

/** The kinds to compare; the rest (pipes, file requests) belongs to the test runner. */
const WATCHED: ReadonlySet<string> = new Set([
  'TCPServerWrap',
  'TCPSocketWrap',
  'Timeout',
  'TLSWrap',
]);
