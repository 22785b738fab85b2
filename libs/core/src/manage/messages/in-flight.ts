import { ConfigError } from '../../errors.js';
import type { EntryId } from '../../message/index.js';
import { known } from '../../option-values.js';
import { assertGroup, wholeNumber } from '../arguments.js';
import type { ManageContext } from '../context.js';
import { heldSince } from './held-since.js';
import { inFlightScript, type RawInFlight } from './message-scripts.js';
import { SLICE_BYTES, SLICE_LOOKUPS, inSlices } from '../slices.js';

export interface InFlightOptions {
  /** Group to list. @default the group of this process */
  readonly group?: string;
  /** Maximum number of entries. @default 100 */
  readonly count?: number;
}

/** An in-flight message and the consumer that holds it. */
export interface InFlightInfo {
  /** The message's id. */
  readonly id: string;
  readonly consumer: string;
  /**
   * Time at which the consumer started it, epoch ms on the server's clock; while it waits there for its turn, the time
   * of the last lease renewal.
   */
  readonly since: number;
  /** Time since `since`, in ms. */
  readonly forMs: number;
  /** Time since the last lease renewal, in ms. */
  readonly idleMs: number;
  /** Number of times that its entry was delivered; more than 1 after a crash. */
  readonly deliveries: number;
  /** Number of the attempt, 1 for the first. */
  readonly attempt: number;
  /** Stream on which it is pending, and its entry there. */
  readonly source: 'log' | 'inbox';
  readonly entryId: EntryId;
}

const MOST = 10_000;

/** Lists the in-flight messages of a group with their consumers and ages, the longest first. */
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

/** Reads pending entries of a stream, the oldest first, in pages. */
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
