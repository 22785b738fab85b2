import type { Redis } from 'ioredis';

import type { Task } from './plan/workload.js';
import { GROUPS, PATHS, PREFIX, type Group, type Path } from './setting.js';

/** Contents of Redis after every process has ended. */
export interface FinalState {
  readonly entries: readonly LogEntry[];
  readonly letters: readonly Letter[];
  /** Keys that should be empty and are not: `<key>` → how much they hold. */
  readonly leftovers: Readonly<Record<string, number>>;
  readonly consumers: readonly ConsumerEntry[];
  /** Slowest commands of the server since its last start. */
  readonly slow: readonly SlowCommand[];
}

export interface SlowCommand {
  /** Time of the slow log's entry, epoch ms in whole seconds. */
  readonly at: number;
  readonly ms: number;
  /** Beginning of the command. */
  readonly command: string;
}

export interface LogEntry {
  readonly path: Path;
  readonly entryId: string;
  readonly id: string;
  /** Undefined for an entry that no publisher wrote. */
  readonly n: number | undefined;
}

export interface Letter {
  readonly path: Path;
  readonly group: Group;
  readonly letterId: string;
  readonly id: string;
  /** The entry of the log that it began as. */
  readonly origin: string;
  readonly n: number | undefined;
  readonly reason: string;
  readonly attempts: number;
  readonly crashes: number;
  readonly replays: number;
}

export interface ConsumerEntry {
  readonly stream: string;
  readonly name: string;
  readonly pending: number;
  readonly idleMs: number;
}

// Of the largest payloads 16 MiB.
const PAGE = 64;

/** Returns the name of a key of a queue. */
export function key(path: string, what: string): string {
  return `${PREFIX}:{${path}}:${what}`;
}

/**
 * Finds clients with too many connections after everything has come to rest: a process has one for each role.
 *
 * @param most processes of each group; nothing else is connected any more
 * @returns `<name> <count>` for each
 */
export async function surplusClients(redis: Redis, most: number): Promise<string[]> {
  const list = (await redis.call('CLIENT', 'LIST', 'TYPE', 'normal')) as string;
  const counts = new Map<string, number>();
  for (const [, name = ''] of list.matchAll(/ name=(leanmq:\S+)/g)) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const isSurplus = ([name, count]: [string, number]): boolean =>
    count > most || !GROUPS.some((group) => name.startsWith(`leanmq:${group}:`));
  return [...counts].filter(isSurplus).map(([name, count]) => `${name} ${count}`);
}

export async function readFinalState(redis: Redis): Promise<FinalState> {
  // Comes first, because reading everything else is slow itself.
  const slow = await slowCommandsOf(redis);
  const entries: LogEntry[] = [];
  const letters: Letter[] = [];
  const consumers: ConsumerEntry[] = [];
  for (const path of PATHS) {
    for await (const [entryId, fields] of scan(redis, key(path, 'log'))) {
      const { n, id } = readFields(fields);
      entries.push({ path, entryId, id: id ?? entryId, n });
    }
    for (const group of GROUPS) {
      for await (const [letterId, fields] of scan(redis, key(path, `dead:${group}`))) {
        letters.push(readLetter(path, group, letterId, fields));
      }
      for (const stream of [key(path, 'log'), key(path, `inbox:${group}`)]) {
        consumers.push(...(await consumersOf(redis, stream, group)));
      }
    }
  }
  return { entries, letters, consumers, slow, leftovers: await leftoversOf(redis) };
}

async function slowCommandsOf(redis: Redis): Promise<SlowCommand[]> {
  const reply = (await redis.call('SLOWLOG', 'GET', '-1')) as [number, number, number, string[]][];
  return reply
    .map(([, seconds, micros, words]) => ({
      ...{ at: seconds * 1_000, ms: Math.round(micros / 1_000) },
      command: words.slice(0, 6).join(' ').slice(0, 200),
    }))
    .filter(({ command }) => /^(evalsha|eval|x)/i.test(command));
}

/** Counts what still waits or is in flight. */
export async function leftoversOf(
  redis: Redis,
  paths: readonly string[] = PATHS,
): Promise<Record<string, number>> {
  const leftovers: Record<string, number> = {};
  const note = (name: string, count: number): void => {
    if (count > 0) leftovers[name] = count;
  };
  for (const path of paths) {
    note(`${path} schedule`, await redis.zcard(key(path, 'schedule')));
    note(`${path} scheduled`, await redis.hlen(key(path, 'scheduled')));
    note(`${path} expiry`, await redis.zcard(key(path, 'expiry')));
    const log = key(path, 'log');
    const last = ((await redis.xrevrange(log, '+', '-', 'COUNT', 1))[0] ?? ['0-0'])[0];
    const groups = await groupsOf(redis, log);
    for (const group of GROUPS) {
      const found = groups.get(group);
      note(`${path} log pending ${group}`, found?.pending ?? 0);
      const isBehind = last !== '0-0' && isLess(found?.lastDelivered ?? '0-0', last);
      note(`${path} log waiting ${group}`, isBehind ? 1 : 0);
      note(`${path} inbox ${group}`, await redis.xlen(key(path, `inbox:${group}`)));
    }
  }
  return leftovers;
}

async function groupsOf(
  redis: Redis,
  stream: string,
): Promise<Map<string, { pending: number; lastDelivered: string }>> {
  const reply = (await redis.xinfo('GROUPS', stream).catch(() => [])) as unknown[][];
  return new Map(
    reply.map((flat) => {
      const group = fromFlat(flat);
      return [
        String(group['name']),
        {
          pending: Number(group['pending']),
          lastDelivered: String(group['last-delivered-id']),
        },
      ];
    }),
  );
}

async function consumersOf(redis: Redis, stream: string, group: string): Promise<ConsumerEntry[]> {
  const reply = (await redis.xinfo('CONSUMERS', stream, group).catch(() => [])) as unknown[][];
  return reply.map((flat) => {
    const { name, pending, idle } = fromFlat(flat);
    return { stream, name: String(name), pending: Number(pending), idleMs: Number(idle) };
  });
}

async function* scan(redis: Redis, stream: string): AsyncGenerator<[string, string[]]> {
  let from = '-';
  for (;;) {
    const page = await redis.xrange(stream, from, '+', 'COUNT', PAGE);
    yield* page;
    if (page.length < PAGE) return;
    from = `(${(page.at(-1) as [string, string[]])[0]}`;
  }
}

function readLetter(path: Path, group: Group, letterId: string, fields: string[]): Letter {
  const { m, n, id } = readFields(fields);
  const history = (m === undefined ? {} : JSON.parse(m)) as Partial<Letter> & { origin?: string };
  const { reason = 'failed', attempts = 0, crashes = 0, replays = 0, origin = '' } = history;
  return { path, group, letterId, id: id ?? origin, origin, n, reason, attempts, crashes, replays };
}

function readFields(fields: readonly string[]): {
  n: number | undefined;
  id: string | undefined;
  m: string | undefined;
} {
  const { d, i, m } = fromFlat(fields) as Partial<Record<string, string>>;
  let n: number | undefined;
  try {
    ({ n } = JSON.parse(d ?? '') as Partial<Task>);
  } catch {
    // An entry that no publisher wrote has no number.
  }
  return { n, id: i, m };
}

function fromFlat(flat: readonly unknown[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (let index = 0; index + 1 < flat.length; index += 2) {
    found[String(flat[index])] = flat[index + 1];
  }
  return found;
}

function isLess(a: string, b: string): boolean {
  const [aMs = 0, aNumber = 0] = a.split('-').map(Number);
  const [bMs = 0, bNumber = 0] = b.split('-').map(Number);
  return aMs < bMs || (aMs === bMs && aNumber < bNumber);
}
