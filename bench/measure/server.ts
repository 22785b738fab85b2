import { Redis } from 'ioredis';

export interface ServerStats {
  /** User and system time since the server's start, s. */
  readonly cpuS: number;
  readonly memoryBytes: number;
}

/** Looks at the server over a connection of its own. */
export class ServerWatch {
  private constructor(private readonly redis: Redis) {}

  static async open(url: string): Promise<ServerWatch> {
    const redis = new Redis(url);
    await redis.ping();
    return new ServerWatch(redis);
  }

  async stats(): Promise<ServerStats> {
    const [cpu, memory] = await Promise.all([this.redis.info('cpu'), this.redis.info('memory')]);
    return {
      cpuS: field(cpu, 'used_cpu_user') + field(cpu, 'used_cpu_sys'),
      memoryBytes: field(memory, 'used_memory'),
    };
  }

  close(): void {
    this.redis.disconnect();
  }
}

/** @throws {Error} if the text has no such field */
export function field(info: string, name: string): number {
  const line = info.split(/\r?\n/).find((each) => each.startsWith(`${name}:`));
  const value = Number(line?.slice(name.length + 1));
  if (line === undefined || Number.isNaN(value)) throw new Error(`INFO does not tell ${name}.`);
  return value;
}
