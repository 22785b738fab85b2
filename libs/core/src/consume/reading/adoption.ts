import { performance } from 'node:perf_hooks';

import type { Redis } from 'ioredis';

import type { Source } from '../../message/index.js';
import { isDenied, isMissingGroup, replyOf, runIdOf } from '../../redis/index.js';
import type { ConsumerContext } from '../route/context.js';
import { adoptScript } from './adopt-script.js';
import type { Subscription } from '../route/subscription.js';

const PAGE = 500;
// Limit on the bodies that pass through a script, which takes Redis a few milliseconds.
const MAX_BYTES = 1024 * 1024;

/** Identity of a client at the server. Client ids start over when the server restarts. */
export interface ServerSideClient {
  readonly id: number;
  readonly runId: string;
}

/** Returns true when both are clients of one server process, whose memory is one history. */
export function isSameServer(a: ServerSideClient, b: ServerSideClient): boolean {
  return a.runId !== '' && a.runId === b.runId;
}

async function identify(client: Redis): Promise<ServerSideClient> {
  const [id, runId = ''] = await Promise.all([client.client('ID'), runIdOf(client)]);
  return { id, runId };
}

/**
 * Makes sure that the client of the previous connection is gone. While it is still blocked at the server, the server
 * serves it first, and its messages go to a socket that nobody reads.
 */
async function dismiss(
  client: Redis,
  previous: ServerSideClient,
  current: ServerSideClient,
): Promise<void> {
  if (!isSameServer(previous, current)) return;
  try {
    await client.client('KILL', 'ID', previous.id);
  } catch (error) {
    // It is gone already, or may not be killed; its deliveries are then taken over when their leases run out.
    if (replyOf(error)?.includes('No such client') !== true && !isDenied(error)) throw error;
  }
}

/**
 * Reads the identity of a new connection, and dismisses the previous one, whose last reply may be lost.
 *
 * @param previous undefined for the first connection
 */
export async function succeed(
  client: Redis,
  previous: ServerSideClient | undefined,
): Promise<ServerSideClient> {
  const current = await identify(client);
  if (previous !== undefined) await dismiss(client, previous, current);
  return current;
}

/**
 * Accepts the deliveries of replies that never reached this consumer. No read may run meanwhile, except on the same
 * connection: its reply comes first.
 *
 * @returns the number of deliveries found
 */
export async function adopt(
  client: Redis,
  context: ConsumerContext,
  subscriptions: readonly Subscription[],
): Promise<number> {
  const found = await Promise.all(
    subscriptions.flatMap((subscription) =>
      (['log', 'inbox'] as const).map((source) => adoptFrom(client, context, subscription, source)),
    ),
  );
  return found.reduce((sum, count) => sum + count, 0);
}

async function adoptFrom(
  client: Redis,
  { group, consumer, options }: ConsumerContext,
  subscription: Subscription,
  source: Source,
): Promise<number> {
  const stream = subscription.streamOf(source);
  let count = 0;
  for (let start = '-'; ;) {
    const page = await pendingPage(client, stream, group, start, consumer);
    const held = new Set(Array.from(subscription.deliveries(source), ({ entryId }) => entryId));
    let unknown = page.map(([id]) => id).filter((id) => !held.has(id));
    while (unknown.length > 0) {
      const sentAt = performance.now();
      const { seen, found } = await adoptScript.run(
        client,
        { stream },
        { group, consumer, maxBytes: MAX_BYTES },
        { args: unknown },
      );
      unknown = unknown.slice(seen);
      for (const claim of found) {
        if (subscription.mayBeSuspect(claim.deliveries)) continue;
        // Its idle time is unknown: the next heartbeat confirms the lease.
        subscription.accept({ source, ...claim }, sentAt + options.leaseMs / 3);
        count += 1;
      }
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return count;
    start = `(${last[0]}`;
  }
}

async function pendingPage(
  client: Redis,
  stream: string,
  group: string,
  start: string,
  consumer: string,
): Promise<[string][]> {
  try {
    return (await client.xpending(stream, group, start, '+', PAGE, consumer)) as [string][];
  } catch (error) {
    // Without a group, as on a deleted route, there is nothing to adopt.
    if (isMissingGroup(error)) return [];
    throw error;
  }
}
