import type { Connection, RouteKeys } from '../../redis/index.js';

type Since = (consumer: string, source: 'log' | 'inbox', entryId: string) => number | undefined;

/**
 * Since when consumers hold what they have held for longer than a heartbeat: a renewed lease no longer tells. They say
 * so themselves, as long as they are there.
 */
export async function heldSince(
  connection: Connection,
  route: RouteKeys,
  group: string,
  consumers: Iterable<string>,
): Promise<Since> {
  const names = [...consumers];
  if (names.length === 0) return () => undefined;
  const notes = await connection.run((client) =>
    client.mget(names.map((consumer) => route.held(group, consumer))),
  );
  const held = new Map(names.map((consumer, index) => [consumer, parse(notes[index])]));
  return (consumer, source, entryId) => held.get(consumer)?.[`${source}:${entryId}`];
}

function parse(note: string | null | undefined): Record<string, number> {
  if (note == null) return {};
  try {
    return (JSON.parse(note) ?? {}) as Record<string, number>;
  } catch {
    // Somebody else wrote it.
    return {};
  }
}
