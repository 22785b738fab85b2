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

/** History of a message in one group. */
export interface MessageProgress {
  /** Attempts used up, including a running one. */
  readonly attempts: number;
  readonly crashes: number;
  readonly replays: number;
  /** Time at which its first attempt started, epoch ms; undefined when it is not recorded. */
  readonly firstDeliveredAt: number | undefined;
  /** Time at which its latest attempt started, epoch ms; undefined when it is not recorded. */
  readonly lastDeliveredAt: number | undefined;
  readonly lastError: ErrorRecord | undefined;
}

/** MessagePlace of a message for one group. */
export type MessagePlace =
  /** It waits to be delivered, for the first time or again. */
  | (MessageProgress & { readonly state: 'waiting'; readonly isRedelivery: boolean })
  /** A consumer holds it. */
  | (MessageProgress & {
      readonly state: 'in-flight';
      readonly consumer: string;
      /** Time at which the consumer started it, epoch ms on the server's clock. */
      readonly since: number;
      /** Number of times that this entry was delivered; more than 1 after a crash. */
      readonly deliveries: number;
    })
  /** An attempt failed; the message is retried at `dueAt`, epoch ms. */
  | (MessageProgress & { readonly state: 'scheduled'; readonly dueAt: number })
  | (MessageProgress & {
      readonly state: 'dead';
      readonly reason: DeadReason;
      readonly deadAt: number;
      readonly deadLetterId: EntryId;
    })
  /** It is finished and still retained, or was published before the group started. */
  | { readonly state: 'done' }
  /** Its time to live passed before any consumer received it. */
  | { readonly state: 'expired' }
  /** It no longer exists: finished and trimmed, expired, removed or purged. */
  | { readonly state: 'gone' }
  /** It may be among more retries or dead letters than one search examines. */
  | { readonly state: 'unknown' };

export interface FoundMessage {
  readonly id: string;
  /** Id of its entry on the log; undefined while it is delayed, or when no longer known. */
  readonly entryId: EntryId | undefined;
  readonly publishedAt: number | undefined;
  readonly expiresAt: number | undefined;
  /** Publication time of a delayed send, epoch ms. No group has it yet. */
  readonly delayedUntil: number | undefined;
  readonly groups: Readonly<Record<string, MessagePlace>>;
}

/** Result of a search, with the Redis names of the places. */
export interface FoundRaw {
  readonly found: FoundMessage;
  readonly raw: RawFound;
  /** Groups that exist; others may have left dead letters. */
  readonly present: readonly string[];
}

/**
 * Finds a message by its id, the caller's own or that of its entry, and returns where it is for each group.
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
  const groups: Record<string, MessagePlace> = {};
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
): Promise<MessagePlace> {
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

function trackedOf({ history: json, deliveries = 0 }: RawPlace): MessageProgress {
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

/** Returns undefined if there is no history, or LeanMQ did not write it. */
function historyOf(json: string | undefined): History | undefined {
  if (json === undefined || json === '') return undefined;
  try {
    return readHistory(json);
  } catch {
    return undefined;
  }
}
