import type { Redis } from 'ioredis';

import { BrokerRefusedError } from '../errors.js';
import {
  isOwnField,
  readRoute,
  splitField,
  type OnUnreadable,
  type RegisteredRoute,
} from './registered.js';

/** Registry format that this version knows. A newer format may contain data that it misreads. */
export const REGISTRY_FORMAT = 1;

const TOMBSTONE = 'deleted:';
const FIELDS_PER_READ = 500;
// Beyond this many changes the whole registry is read; notes are kept for about twice as many.
const NOTES_PER_READ = 500;

/** Result of reading the registry. */
export interface RegistryNews {
  /** Version that was read. */
  readonly version: number;
  readonly routes: readonly RegisteredRoute[];
  /** Paths with changes; undefined when the whole registry was read. */
  readonly changed: ReadonlySet<string> | undefined;
  /** True when recurring sends have changed, or may have. */
  readonly schedulesChanged: boolean;
  /** True when earlier data may be gone: the server lost it, or an older version changed something. */
  readonly isNewHistory: boolean;
}

interface Point {
  readonly version: number;
  readonly stamp: string;
}

interface RegistryKeys {
  readonly registry: string;
  readonly changes: string;
  readonly tombstones: string;
}

/**
 * Local copy of the registry. An update reads three fields, and after a change only the changed fields: with one path per
 * id, every process would otherwise read the whole registry all the time.
 */
export class RegistryMirror {
  private at: Point | undefined;
  private readonly fieldsOf = new Map<string, Map<string, string>>();
  private readonly routes = new Map<string, RegisteredRoute>();

  constructor(
    private readonly keys: RegistryKeys,
    private readonly onUnreadable: OnUnreadable,
  ) {}

  /**
   * Reads the changes since the last call. Safe to repeat.
   *
   * @returns undefined if nothing has changed
   * @throws {BrokerRefusedError} if the registry has a format that this version does not know
   */
  async look(client: Redis): Promise<RegistryNews | undefined> {
    const [version, stamp, format] = await client.hmget(
      this.keys.registry,
      'version',
      'stamp',
      'format',
    );
    assertFormat(format);
    const now = pointOf(version, stamp);
    const { at } = this;
    if (at?.version === now.version && at.stamp === now.stamp) return undefined;
    const fields = at === undefined ? undefined : await this.notedBetween(client, at, now);
    if (fields === undefined) return this.readAll(client);
    return this.readSome(client, fields, now);
  }

  private async readAll(client: Redis): Promise<RegistryNews> {
    const isNewHistory = this.at !== undefined;
    const all = await readFields(client, this.keys);
    assertFormat(all['format']);
    this.at = pointOf(all['version'], all['stamp']);
    this.fieldsOf.clear();
    this.routes.clear();
    for (const [field, value] of Object.entries(all)) this.put(field, value);
    for (const path of this.fieldsOf.keys()) this.readPath(path);
    return {
      version: this.at.version,
      ...{ routes: this.list, changed: undefined, schedulesChanged: true, isNewHistory },
    };
  }

  private async readSome(
    client: Redis,
    fields: ReadonlySet<string>,
    now: Point,
  ): Promise<RegistryNews> {
    const names = [...fields].filter((field) => field !== '');
    const changed = new Set<string>();
    for (let from = 0; from < names.length; from += FIELDS_PER_READ) {
      const some = names.slice(from, from + FIELDS_PER_READ);
      const [values, buried] = await Promise.all([
        client.hmget(this.keys.registry, ...some),
        Promise.all(some.map((field) => this.buriedAt(client, field))),
      ]);
      some.forEach((field, index) => {
        const path = this.put(field, values[index] ?? buried[index]);
        if (path !== undefined) changed.add(path);
      });
    }
    for (const path of changed) this.readPath(path);
    this.at = now;
    return {
      version: now.version,
      routes: this.list,
      changed,
      schedulesChanged: names.length < fields.size,
      isNewHistory: false,
    };
  }

  private get list(): RegisteredRoute[] {
    return [...this.routes.values()];
  }

  /**
   * Returns the fields changed between two reads, according to the notes.
   *
   * @returns undefined if notes are missing or belong to another history
   */
  private async notedBetween(
    client: Redis,
    { version, stamp }: Point,
    now: Point,
  ): Promise<Set<string> | undefined> {
    const count = now.version - version;
    // Every history begins with an empty stamp.
    if (stamp === '' || !(count > 0 && count <= NOTES_PER_READ)) return undefined;
    const [first, last] = [`${version + 1}-0`, `${now.version}-0`];
    const notes = await client.xrange(this.keys.changes, first, last).catch(() => []);
    if (notes.length !== count) return undefined;
    const fields = new Set<string>();
    let before = stamp;
    for (const [, [, previous, , own, , named]] of notes as [string, string[]][]) {
      if (previous !== before || own === undefined || named === undefined || named === '*') {
        return undefined;
      }
      before = own;
      for (const field of named.split('\n')) fields.add(field);
    }
    return before === now.stamp ? fields : undefined;
  }

  /** Stores a field. Returns the path it belongs to; undefined if it belongs to none. */
  private put(field: string, value: string | null | undefined): string | undefined {
    const path = splitField(field)?.path;
    if (path === undefined) {
      if (value != null && !isOwnField(field)) this.onUnreadable(field, value);
      return undefined;
    }
    const fields = this.fieldsOf.get(path) ?? new Map<string, string>();
    if (value == null) fields.delete(field);
    else fields.set(field, value);
    if (fields.size === 0) this.fieldsOf.delete(path);
    else this.fieldsOf.set(path, fields);
    return path;
  }

  /** Reads a tombstone from its own key: a route without groups has no tombstone field. */
  private async buriedAt(client: Redis, field: string): Promise<string | null> {
    if (!field.startsWith(TOMBSTONE)) return null;
    return client.zscore(this.keys.tombstones, field.slice(TOMBSTONE.length));
  }

  private readPath(path: string): void {
    const fields = this.fieldsOf.get(path);
    const route = fields === undefined ? undefined : readRoute(path, fields, this.onUnreadable);
    if (route === undefined) this.routes.delete(path);
    else this.routes.set(path, route);
  }
}

/** Reads all fields, with tombstones added as fields. */
export async function readFields(
  client: Redis,
  { registry, tombstones }: RegistryKeys,
): Promise<Record<string, string>> {
  const [fields, buried] = await Promise.all([
    client.hgetall(registry),
    client.zrange(tombstones, '0', '-1', 'WITHSCORES'),
  ]);
  for (let index = 0; index < buried.length; index += 2) {
    // An older version that revives a route leaves its tombstone behind.
    const path = buried[index] as string;
    if (fields[`route:${path}`] === undefined)
      fields[`${TOMBSTONE}${path}`] ??= buried[index + 1] as string;
  }
  return fields;
}

/** @throws {BrokerRefusedError} when a newer version wrote the registry */
function assertFormat(format: string | null | undefined): void {
  if (format == null || Number(format) <= REGISTRY_FORMAT) return;
  throw new BrokerRefusedError(
    `The data under this prefix in Redis has format ${JSON.stringify(format).slice(0, 40)}, and this version of LeanMQ knows format ${REGISTRY_FORMAT}: a newer version wrote it. Update this process, or give it another "prefix".`,
    { code: 'REGISTRY_FORMAT' },
  );
}

function pointOf(version: string | null | undefined, stamp: string | null | undefined): Point {
  return { version: Number(version ?? 0) || 0, stamp: stamp ?? '' };
}
