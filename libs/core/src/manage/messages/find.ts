import {
  entryTime,
  readHistory,
  validMessageId,
  type DeadHistory,
  type DeadReason,
  type EntryId,
  type ErrorRecord,
  type History,
} from '../../message/index.js';
import type { ManageContext } from '../context.js';
import { findRaw, type FindLimits } from './find-raw.js';
import type { RawFound, RawPlace } from './find-scripts.js';
import { heldSince } from './held-since.js';
import { groupNames } from '../queue/queue-info.js';

/** What is known of a message's way through one group so far. */
export interface Tracked {
  /** Attempts used up, the one that is under way included. */
  readonly attempts: number;
  readonly crashes: number;
  readonly replays: number;
  /** When its first and its latest attempt began, epoch ms; undefined as far as nobody has noted it. */
  readonly firstDeliveredAt: number | undefined;
  readonly lastDeliveredAt: number | undefined;
  readonly lastError: ErrorRecord | undefined;
}

/** Where a message is for one group. */
export type Place =
  /** It will be delivered: for the first time, or again. */
  | (Tracked & { readonly state: 'waiting'; readonly isRedelivery: boolean })
  /** A consumer has it. */
  | (Tracked & {
      readonly state: 'in-flight';
      readonly consumer: string;
      /** Since when, epoch ms on the server's clock. */
      readonly since: number;
      /** How often this entry was handed out; more than once after a crash. */
      readonly deliveries: number;
    })
  /** It failed and is tried again at that instant. */
  | (Tracked & { readonly state: 'scheduled'; readonly dueAt: number })
  | (Tracked & {
      readonly state: 'dead';
      readonly reason: DeadReason;
      readonly deadAt: number;
      readonly deadLetterId: EntryId;
    })
  /** Finished, and still retained; or published before the group began. */
  | { readonly state: 'done' }
  /** Its time to live has passed, and nobody was given it. */
  | { readonly state: 'expired' }
  /** No longer there: finished and trimmed, expired, removed or purged. */
  | { readonly state: 'gone' }
  /** It may be among more retries or dead letters than are looked through for one message. */
  | { readonly state: 'unknown' };

export interface FoundMessage {
  readonly id: string;
  /** Its entry on the log; undefined as long as it is delayed, or when it is not known any more. */
  readonly entryId: EntryId | undefined;
  readonly publishedAt: number | undefined;
  readonly expiresAt: number | undefined;
  /** A delayed send: when it is published. No group has it yet. */
  readonly delayedUntil: number | undefined;
  readonly groups: Readonly<Record<string, Place>>;
}

/** What was found, with what the places are called in Redis. */
export interface FoundRaw {
  readonly found: FoundMessage;
  readonly raw: RawFound;
  /** The groups that are there; others may have left dead letters. */
  readonly present: readonly string[];
}

/**
 * Finds a message by its id, the caller's own or the entry's, and says where it is for each group.
 *
 * @returns undefined if nothing is known of it
 */
export async function find(
  context: ManageContext,
  path: string,
  id: string,
  limits?: FindLimits,
): Promise<FoundRaw | undefined> {
  validMessageId(id);
  const route = (await context.registry.routes()).find((each) => each.path === path);
  const names = route === undefined ? [] : groupNames(route);
  const raw = await findRaw(context, path, id, names, limits);
  const places = Object.entries(raw.groups).filter(
    ([group, { state }]) => state !== 'gone' || isOf(route?.groups, group),
  );
  const isSomewhere = places.some(([, { state }]) => state !== 'gone' && state !== 'unknown');
  if (!raw.body && !raw.sent && raw.due === undefined && !isSomewhere) return undefined;
  const groups: Record<string, Place> = {};
  for (const [group, place] of places) {
    groups[group] = await placeOf(context, path, group, place, raw.now);
  }
  const found: FoundMessage = {
    id,
    entryId: raw.entry,
    publishedAt: raw.entry === undefined ? undefined : entryTime(raw.entry),
    expiresAt: raw.expiresAt,
    delayedUntil: raw.due === undefined ? undefined : Math.floor(raw.due),
    groups: raw.due === undefined ? groups : {},
  };
  const present = Object.keys(raw.groups).filter(
    (group) => raw.groups[group]?.known === true || isOf(route?.groups, group),
  );
  return { found, raw, present };
}

function isOf(groups: readonly { readonly group: string }[] | undefined, name: string): boolean {
  return groups?.some(({ group }) => group === name) === true;
}

async function placeOf(
  { connection, keys }: ManageContext,
  path: string,
  group: string,
  raw: RawPlace,
  now: number,
): Promise<Place> {
  const tracked = trackedOf(raw);
  switch (raw.state) {
    case 'waiting':
      return { state: 'waiting', isRedelivery: raw.source === 'inbox', ...tracked };
    case 'in-flight': {
      const { consumer = '', idleMs = 0, deliveries = 1, source = 'log', at = '' } = raw;
      const noted = await heldSince(connection, keys.route(path), group, [consumer]);
      const since = noted(consumer, source, at) ?? now - idleMs;
      const { firstDeliveredAt = deliveries === 1 ? since : undefined } = tracked;
      const times = { firstDeliveredAt, lastDeliveredAt: since };
      return { state: 'in-flight', consumer, since, deliveries, ...tracked, ...times };
    }
    case 'scheduled':
      return { state: 'scheduled', dueAt: Math.floor(raw.dueAt ?? 0), ...tracked };
    case 'dead': {
      const { reason = 'failed' } = (historyOf(raw.history) ?? {}) as Partial<DeadHistory>;
      const id = raw.at ?? '';
      return { state: 'dead', reason, deadAt: entryTime(id), deadLetterId: id, ...tracked };
    }
    case 'open':
      return { state: 'unknown' };
    default:
      return { state: raw.state };
  }
}

function trackedOf({ history: json, deliveries = 0 }: RawPlace): Tracked {
  const history = historyOf(json);
  return {
    attempts: (history?.attempts ?? 0) + deliveries,
    crashes: (history?.crashes ?? 0) + Math.max(0, deliveries - 1),
    replays: history?.replays ?? 0,
    firstDeliveredAt: history?.firstAt,
    lastDeliveredAt: history?.lastAt,
    lastError: history?.error,
  };
}

/** Undefined if there is none, or not one of ours. */
function historyOf(json: string | undefined): History | undefined {
  if (json === undefined || json === '') return undefined;
  try {
    return readHistory(json);
  } catch {
    return undefined;
  }
}
