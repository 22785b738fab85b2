import type { ManageContext } from '../manage/index.js';
import { normalizePath, validMessageId } from '../message/index.js';
import { cancelSend, type CancelOutcome } from '../publish/index.js';
import type { Engine } from './engine.js';

/** Cancels a delayed send and emits `cancelled` when it was still there. */
export async function cancelDelayed(
  engine: Engine,
  { connection, ready }: ManageContext,
  path: string,
  id: string,
): Promise<CancelOutcome> {
  const normal = normalizePath(path);
  validMessageId(id);
  await ready();
  const outcome = await cancelSend(connection, engine.keys.route(normal), id);
  if (outcome === 'cancelled') engine.events.tell('cancelled', () => ({ path: normal, id }));
  return outcome;
}
