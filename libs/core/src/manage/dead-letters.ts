import { ConfigError, show } from '../errors.js';
import { isEntryId, type EntryId } from '../message/index.js';
import type { Connection, RouteKeys } from '../redis/index.js';
import { readDeadLetter, type DeadLetter } from './dead-letter.js';
import { replayScript } from './scripts.js';

export interface ListOptions {
  /** How many at most; 100 unless told. */
  readonly count?: number;
  /** Begins after this id: the last one of the page before. */
  readonly after?: EntryId;
}

// Payloads are moved inside Redis; a script holds up everybody else while it does.
const REPLAY_PER_CALL = 100;

/** The dead letters of one group on one route. */
export class DeadLetters {
  constructor(
    private readonly path: string,
    private readonly group: string,
    private readonly keys: RouteKeys,
    private readonly connection: Connection,
  ) {}

  async count(): Promise<number> {
    return this.connection.run((client) => client.xlen(this.dead));
  }

  /** The oldest first, one page. */
  async list<T = unknown>({ count = 100, after }: ListOptions = {}): Promise<DeadLetter<T>[]> {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw ConfigError.option('count', count, 'a whole number, 1 or more');
    }
    const start = after === undefined ? '-' : `(${validId(after)}`;
    const page = await this.connection.run((client) =>
      client.xrangeBuffer(this.dead, start, '+', 'COUNT', count),
    );
    return page.map(
      ([id, fields]) =>
        readDeadLetter(this.path, this.group, id.toString(), fields) as DeadLetter<T>,
    );
  }

  /** One by its id; undefined if it is not there (any more). */
  async get<T = unknown>(id: EntryId): Promise<DeadLetter<T> | undefined> {
    validId(id);
    const [entry] = await this.connection.run((client) => client.xrangeBuffer(this.dead, id, id));
    return entry && (readDeadLetter(this.path, this.group, id, entry[1]) as DeadLetter<T>);
  }

  /**
   * Delivers dead letters again, to this group only, with attempts and time to live beginning anew. One that is replayed
   * twice is delivered once.
   *
   * @returns the ids that were there to be replayed
   */
  async replay(ids: EntryId | readonly EntryId[]): Promise<EntryId[]> {
    const all = typeof ids === 'string' ? [ids] : ids;
    all.forEach(validId);
    const names = {
      dead: this.dead,
      inbox: this.keys.inbox(this.group),
      expiry: this.keys.expiry,
    };
    const replayed: EntryId[] = [];
    for (let from = 0; from < all.length; from += REPLAY_PER_CALL) {
      const args = all.slice(from, from + REPLAY_PER_CALL);
      replayed.push(
        ...(await this.connection.run((client) => replayScript.run(client, names, {}, { args }))),
      );
    }
    return replayed;
  }

  /**
   * Replays everything that is there when it begins; what dies again meanwhile is left.
   *
   * @returns how many
   */
  async replayAll(): Promise<number> {
    const [newest] = await this.connection.run((client) =>
      client.xrevrange(this.dead, '+', '-', 'COUNT', 1),
    );
    if (newest === undefined) return 0;
    const [end] = newest;
    let replayed = 0;
    for (let start = '-'; ;) {
      const page = await this.connection.run((client) =>
        client.xrange(this.dead, start, end, 'COUNT', REPLAY_PER_CALL),
      );
      const last = page.at(-1);
      if (last === undefined) return replayed;
      replayed += (await this.replay(page.map(([id]) => id))).length;
      start = `(${last[0]}`;
    }
  }

  /** Drops dead letters for good. Returns how many were there. */
  async discard(ids: EntryId | readonly EntryId[]): Promise<number> {
    const all = typeof ids === 'string' ? [ids] : ids;
    all.forEach(validId);
    if (all.length === 0) return 0;
    return this.connection.run((client) => client.xdel(this.dead, ...all));
  }

  private get dead(): string {
    return this.keys.dead(this.group);
  }
}

function validId(id: EntryId): EntryId {
  if (typeof id !== 'string' || !isEntryId(id)) {
    throw new ConfigError(
      `Dead letter id ${show(id)} is not an id such as "1700000000000-0"; take one from list().`,
      { code: 'ID_INVALID' },
    );
  }
  return id;
}
