import type { Connection, Keys } from '../redis/index.js';

/** Where a recurring send lives. */
export interface Home {
  readonly id: string;
  readonly path: string;
  /** Changes whenever its route is to be looked at anew. */
  readonly plannedAt: number;
}

/**
 * Which recurring sends there are, and on which path each lives: one hash for all, with values `<planned at> <path>`.
 * Changes count as changes of the registry, so that every process hears of them.
 */
export class Homes {
  constructor(
    private readonly connection: Connection,
    private readonly keys: Keys,
  ) {}

  async all(): Promise<Home[]> {
    const fields = await this.connection.run((client) => client.hgetall(this.keys.schedules));
    return Object.entries(fields).map(([id, value]) => readHome(id, value));
  }

  async of(id: string): Promise<Home | undefined> {
    const value = await this.connection.run((client) => client.hget(this.keys.schedules, id));
    return value === null ? undefined : readHome(id, value);
  }

  async set({ id, path, plannedAt }: Home): Promise<void> {
    const value = `${plannedAt} ${path}`;
    await this.connection.run((client) => client.hset(this.keys.schedules, id, value));
    await this.tell();
  }

  /** @returns whether it was known */
  async remove(id: string): Promise<boolean> {
    const removed = await this.connection.run((client) => client.hdel(this.keys.schedules, id));
    if (removed > 0) await this.tell();
    return removed > 0;
  }

  /** Not in one step with the change: in a Cluster the two keys are on different nodes. */
  private async tell(): Promise<void> {
    await this.connection.run((client) => client.hincrby(this.keys.registry, 'version', 1));
  }
}

function readHome(id: string, value: string): Home {
  const space = value.indexOf(' ');
  return { id, path: value.slice(space + 1), plannedAt: Number(value.slice(0, space)) };
}
