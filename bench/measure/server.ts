import { readFileSync } from 'node:fs';

import { Redis } from 'ioredis';

export interface ServerStats {
  /** User and system time since the server's start, s. */
  readonly cpuS: number;
  readonly memoryBytes: number;
}

/** Looks at a server, over a connection of its own or from outside. */
export interface ServerWatch {
  stats(): Promise<ServerStats>;
  close(): void;
}

/** @param pid of the server, for one that is not Redis: Linux tells then what it took */
export async function watchServer(url: string, pid: number): Promise<ServerWatch> {
  if (!url.startsWith('redis:')) {
    return { stats: () => Promise.resolve(processStats(pid)), close: () => undefined };
  }
  const redis = new Redis(url);
  await redis.ping();
  return { stats: () => redisStats(redis), close: () => redis.disconnect() };
}

async function redisStats(redis: Redis): Promise<ServerStats> {
  const [cpu, memory] = await Promise.all([redis.info('cpu'), redis.info('memory')]);
  return {
    cpuS: field(cpu, 'used_cpu_user') + field(cpu, 'used_cpu_sys'),
    memoryBytes: field(memory, 'used_memory'),
  };
}

const TICKS_PER_S = 100;
const PAGE_BYTES = 4_096;

function processStats(pid: number): ServerStats {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // What comes after the name, which may hold spaces: the state is field 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const numberOf = (index: number): number => Number(fields[index - 3]);
  return {
    cpuS: (numberOf(14) + numberOf(15)) / TICKS_PER_S,
    memoryBytes: numberOf(24) * PAGE_BYTES,
  };
}

/** @throws {Error} if the text has no such field */
export function field(info: string, name: string): number {
  const line = info.split(/\r?\n/).find((each) => each.startsWith(`${name}:`));
  const value = Number(line?.slice(name.length + 1));
  if (line === undefined || Number.isNaN(value)) throw new Error(`INFO does not tell ${name}.`);
  return value;
}
