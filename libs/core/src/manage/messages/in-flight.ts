import { ConfigError } from '../../errors.js';
import type { EntryId } from '../../message/index.js';
import { known } from '../../option-values.js';
import { assertGroup, wholeNumber } from '../arguments.js';
import type { ManageContext } from '../context.js';
import { heldSince } from './held-since.js';
import { inFlightScript, type RawInFlight } from './message-scripts.js';
import { SLICE_BYTES, SLICE_LOOKUPS, inSlices } from '../slices.js';

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
  const held: InFlightInfo[] = [];
  const sources = { log: route.log, inbox: route.inbox(group) };
  for (const source of ['log', 'inbox'] as const) {
    await eachPage(context, sources[source], group, count, async (now, page) => {
      const consumers = new Set(page.map(([, consumer]) => consumer));
      const since = await heldSince(connection, route, group, consumers);
      for (const raw of page) held.push(infoOf(raw, source, now, since(raw[1], source, raw[0])));
    });
  }
  return held.toSorted((a, b) => a.since - b.since).slice(0, count);
}

/** So many of what is pending on a stream, the oldest first. */
async function eachPage(
  { connection }: ManageContext,
  stream: string,
  group: string,
  count: number,
  visit: (now: number, page: readonly RawInFlight[]) => Promise<void>,
): Promise<void> {
  let from = '-';
  let left = count;
  await inSlices(async () => {
    const args = { group, from, count: Math.min(left, SLICE_LOOKUPS), limitBytes: SLICE_BYTES };
    const { now, deliveries, next } = await connection.run((client) =>
      inFlightScript.run(client, { stream }, args),
    );
    await visit(now, deliveries);
    from = next;
    left -= deliveries.length;
    return next !== '' && left > 0;
  });
}

function infoOf(
  [entryId, consumer, idleMs, deliveries, ownId, origin, attemptsBefore]: RawInFlight,
  source: 'log' | 'inbox',
  now: number,
  noted: number | undefined,
): InFlightInfo {
  const since = noted ?? now - idleMs;
  return {
    id: ownId !== '' ? ownId : origin !== '' ? origin : entryId,
    consumer,
    since,
    forMs: Math.max(0, now - since),
    idleMs,
    deliveries,
    attempt: attemptsBefore + deliveries,
    source,
    entryId,
  };
}
