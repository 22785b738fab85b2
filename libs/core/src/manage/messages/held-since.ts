import type { Connection, RouteKeys } from '../../redis/index.js';

type Since = (consumer: string, source: 'log' | 'inbox', entryId: string) => number | undefined;

/**
 * Reads when consumers started the entries that they have held for longer than a heartbeat; a renewed lease hides it.
 * Consumers report this themselves while they are present.
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
    // Another tool wrote it.
    return {};
  }
}
