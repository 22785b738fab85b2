import { uniqueId } from '../message/index.js';
import { defineScript, lua, oneOf, type Connection, type RouteKeys } from '../redis/index.js';

const cancelScript = defineScript({
  lua: lua.cancelLua,
  keys: ['schedule', 'scheduled', 'sent', 'call'],
  args: ['id', 'callTtlMs'],
  reply: oneOf('cancelled', 'not-found'),
});

// Longer than any outage that a caller waits through.
const CALL_TTL_MS = 600_000;

/** What became of taking a delayed send back. */
export type CancelOutcome = 'cancelled' | 'not-found';

/** Takes a delayed send back. Through any loss of the connection it says what the first attempt did. */
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
