import { defineScript, lua, type Connection, type Keys, type Registry } from '../redis/index.js';

const forgetScript = defineScript({
  lua: lua.forgetSchedulesLua,
  keys: ['schedules'],
  args: [],
  reply: Number,
});

// Limited, because a script blocks every other client of the server.
const FORGOTTEN_PER_CALL = 500;

/** Path on which a recurring send lives. */
export interface Home {
  readonly id: string;
  readonly path: string;
  /** Changes whenever its route must be examined again. */
  readonly plannedAt: number;
}

/**
 * Index of all recurring sends and the path of each: one hash with values `<planned at> <path>`. Changes count as changes
 * of the registry, so that every process learns of them.
 */
export class Homes {
  constructor(
    private readonly connection: Connection,
    private readonly keys: Keys,
    private readonly registry: Registry,
  ) {}

  async all(): Promise<Home[]> {
    const fields = await this.connection.run((client) => client.hgetall(this.keys.schedules));
    return Object.entries(fields).flatMap(([id, value]) => readHome(id, value) ?? []);
  }

  async of(id: string): Promise<Home | undefined> {
    const value = await this.connection.run((client) => client.hget(this.keys.schedules, id));
    return value === null ? undefined : readHome(id, value);
  }

  async set(home: Home): Promise<void> {
    const { schedules } = this.keys;
    await this.connection.run((client) => client.hset(schedules, home.id, written(home)));
    await this.tell();
  }

  /** @returns true when the send was listed */
  async remove(id: string): Promise<boolean> {
    const removed = await this.connection.run((client) => client.hdel(this.keys.schedules, id));
    if (removed > 0) await this.tell();
    return removed > 0;
  }

  /** Removes homes that lead to nothing, unless they have changed since they were read. */
  async forget(homes: readonly Home[]): Promise<void> {
    const { schedules } = this.keys;
    let forgotten = 0;
    for (let from = 0; from < homes.length; from += FORGOTTEN_PER_CALL) {
      const some = homes.slice(from, from + FORGOTTEN_PER_CALL);
      const args = some.flatMap((home) => [home.id, written(home)]);
      forgotten += await this.connection.run((client) =>
        forgetScript.run(client, { schedules }, {}, { args }),
      );
    }
    if (forgotten > 0) await this.tell();
  }

  /** Separate from the change itself: in a Cluster, the two keys are on different nodes. */
  private async tell(): Promise<void> {
    await this.registry.schedulesChanged();
  }
}

function written({ plannedAt, path }: Home): string {
  return `${plannedAt} ${path}`;
}

/** Returns undefined for a value that is not a home: another tool may have written it. */
function readHome(id: string, value: string): Home | undefined {
  const [, plannedAt, path] = /^(\d{1,16}) (.+)$/su.exec(value) ?? [];
  return plannedAt === undefined || path === undefined
    ? undefined
    : { id, path, plannedAt: Number(plannedAt) };
}
