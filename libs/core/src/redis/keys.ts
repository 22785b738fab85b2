// The cache is bounded: with one path per id it would grow forever.
const MOST_ROUTES = 8_192;

/**
 * Names of all keys in Redis. `{path}` is the Cluster hash tag, so all keys of a route share a slot. A tag inside the
 * prefix comes first in the key and wins: it puts all routes into one slot.
 */
export class Keys {
  readonly registry: string;
  /** Changes of the registry: STREAM, in the same slot. */
  readonly changes: string;
  /** Deleted routes: ZSET, path → time of deletion, epoch ms; in the same slot. */
  readonly tombstones: string;
  /** Last use of each route by a publisher, updated at least daily: ZSET, epoch ms; in the same slot. */
  readonly used: string;
  /** Recently forgotten routes, to be checked again: ZSET, epoch ms; in the same slot. */
  readonly forgotten: string;
  readonly schedules: string;
  private readonly routes = new Map<string, RouteKeys>();

  constructor(private readonly prefix: string) {
    this.registry = `${prefix}:routes`;
    this.changes = `${prefix}:{${this.registry}}:changes`;
    this.tombstones = `${prefix}:{${this.registry}}:tombstones`;
    this.used = `${prefix}:{${this.registry}}:used`;
    this.forgotten = `${prefix}:{${this.registry}}:forgotten`;
    this.schedules = `${prefix}:schedules`;
  }

  /** @param path a path in its canonical form */
  route(path: string): RouteKeys {
    let keys = this.routes.get(path);
    if (keys === undefined) {
      keys = new RouteKeys(`${this.prefix}:{${encodeTag(path)}}`);
      if (this.routes.size >= MOST_ROUTES) this.routes.clear();
      this.routes.set(path, keys);
    }
    return keys;
  }

  /** Consumer of a group that may currently run a suspect alone: STRING, the consumer's name, with a lease. */
  quarantine(group: string): string {
    return `${this.prefix}:quarantine:${group}`;
  }

  /** Processes of a group: HASH, name → end of the note's validity, epoch ms, and JSON of its state. */
  processes(group: string): string {
    return `${this.prefix}:processes:${group}`;
  }
}

/** Keys of one route. Scripts derive a group's keys from `base`; all of them are in the same slot. */
export class RouteKeys {
  readonly log: string;
  readonly schedule: string;
  readonly scheduled: string;
  readonly expiry: string;
  readonly sweeper: string;
  readonly replays: string;
  readonly keepers: string;
  readonly recurring: string;
  readonly ticks: string;

  constructor(readonly base: string) {
    this.log = `${base}:log`;
    this.schedule = `${base}:schedule`;
    this.scheduled = `${base}:scheduled`;
    this.expiry = `${base}:expiry`;
    this.sweeper = `${base}:sweeper`;
    this.replays = `${base}:replays`;
    this.keepers = `${base}:keepers`;
    this.recurring = `${base}:recurring`;
    this.ticks = `${base}:ticks`;
  }

  inbox(group: string): string {
    return `${this.base}:inbox:${group}`;
  }

  dead(group: string): string {
    return `${this.base}:dead:${group}`;
  }

  /** Mark of an idempotency key. */
  once(group: string, key: string): string {
    return `${this.base}:done:${group}:${key}`;
  }

  /** Latest permits granted to a group. */
  rate(group: string): string {
    return `${this.base}:rate:${group}`;
  }

  stale(group: string): string {
    return `${this.base}:stale:${group}`;
  }

  publisher(id: string): string {
    return `${this.base}:publisher:${id}`;
  }

  sent(messageId: string): string {
    return `${this.base}:sent:${messageId}`;
  }

  /** Consumers of a group: HASH, name → end of the note's validity, epoch ms, and JSON of its load. */
  here(group: string): string {
    return `${this.base}:here:${group}`;
  }

  /** Start times of deliveries that a consumer has held for longer than a heartbeat. */
  held(group: string, consumer: string): string {
    return `${this.base}:held:${group}:${consumer}`;
  }

  /** Mark of a call that cancelled a delayed send. */
  cancelled(callId: string): string {
    return `${this.base}:cancelled:${callId}`;
  }
}

/** Braces would end the hash tag early; `%` is encoded too, so that two paths never share a key. */
function encodeTag(path: string): string {
  return path.replace(
    /[%{}]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
