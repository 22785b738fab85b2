import { ConfigError } from '../errors.js';
import { readHistory, type EntryId, type History } from '../message/index.js';
import { known } from '../option-values.js';
import { assertGroup, wholeNumber } from './arguments.js';
import type { ManageContext } from './context.js';
import { heldSince } from './held-since.js';
import { inFlightScript } from './route-scripts.js';

export interface InFlightOptions {
  /** This process' own unless told. */
  readonly group?: string;
  /** How many at most; 100 unless told. */
  readonly count?: number;
}

/** A delivery that some consumer holds. */
export interface InFlightInfo {
  /** The message's id. */
  readonly id: string;
  readonly consumer: string;
  /**
   * Since when the consumer works on it, epoch ms on the server's clock; of one that waits there for its turn, since its
   * lease was last renewed.
   */
  readonly since: number;
  /** For how long, ms. */
  readonly forMs: number;
  /** How long ago its lease was last renewed, ms. */
  readonly idleMs: number;
  /** How often its entry was handed out; more than once after a crash. */
  readonly deliveries: number;
  /** The attempt that it is, 1 for the first. */
  readonly attempt: number;
  /** Which stream it is pending on, and its entry there. */
  readonly source: 'log' | 'inbox';
  readonly entryId: EntryId;
}

const MOST = 10_000;

/** What a group has in flight, with whom and for how long; the longest first. */
export async function listInFlight(
  context: ManageContext,
  path: string,
  options: InFlightOptions = {},
): Promise<InFlightInfo[]> {
  known('inFlight()', options, ['group', 'count']);
  const group = options.group ?? context.ownGroup();
  const count = wholeNumber('count', options.count ?? 100, 1);
  if (count > MOST) throw ConfigError.option('count', count, `a whole number, 1 to ${MOST}`);
  await assertGroup(context, path, group);
  const { connection, keys } = context;
  const route = keys.route(path);
  const { now, deliveries } = await connection.run((client) =>
    inFlightScript.run(client, { log: route.log }, { group, count }),
  );
  const consumers = new Set(deliveries.map(([, , consumer]) => consumer));
  const since = await heldSince(connection, route, group, consumers);
  return deliveries
    .map(([source, entryId, consumer, idleMs, times, ownId, json]): InFlightInfo => {
      const history = historyOf(json);
      const from = since(consumer, source, entryId) ?? now - idleMs;
      return {
        id: ownId !== '' ? ownId : (history?.origin ?? entryId),
        consumer,
        since: from,
        forMs: Math.max(0, now - from),
        idleMs,
        deliveries: times,
        attempt: (history?.attempts ?? 0) + times,
        source,
        entryId,
      };
    })
    .toSorted((a, b) => a.since - b.since)
    .slice(0, count);
}

/** Undefined if there is none, or not one of ours. */
export function historyOf(json: string | undefined): History | undefined {
  if (json === undefined || json === '') return undefined;
  try {
    return readHistory(json);
  } catch {
    return undefined;
  }
}
