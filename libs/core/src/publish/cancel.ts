import { uniqueId } from '../message/index.js';
import { defineScript, lua, oneOf, type Connection, type RouteKeys } from '../redis/index.js';

const cancelScript = defineScript({
  lua: lua.cancelLua,
  keys: ['schedule', 'scheduled', 'sent', 'call'],
  args: ['id', 'callTtlMs'],
  reply: oneOf('cancelled', 'not-found'),
});

// Longer than any outage that a caller would wait through.
const CALL_TTL_MS = 600_000;

/** Result of cancelling a delayed send. */
export type CancelOutcome = 'cancelled' | 'not-found';

/** Cancels a delayed send. When the connection was lost, a repeated call returns what the first one did. */
export function cancelSend(
  connection: Connection,
  keys: RouteKeys,
  id: string,
): Promise<CancelOutcome> {
  const { schedule, scheduled } = keys;
  const names = { schedule, scheduled, sent: keys.sent(id), call: keys.cancelled(uniqueId()) };
  return connection.run((client) =>
    cancelScript.run(client, names, { id, callTtlMs: CALL_TTL_MS }),
  );
}
