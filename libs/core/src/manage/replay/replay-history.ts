import { normalizePath, validGroup } from '../../message/index.js';
import type { ManageContext } from '../context.js';
import {
  HistoryReplay,
  assertReplayOptions,
  type ReplayOptions,
  type ReplayResult,
} from './history-replay.js';

/** Options of `mq.replay`. */
export interface GroupReplayOptions<T = unknown> extends ReplayOptions<T> {
  /** Group that gets the messages. @default the `group` of this process */
  readonly group?: string;
}

/** Replays a path's history to one group; see `LeanMQ.replay`. */
export async function replayHistory<T>(
  context: ManageContext,
  path: string,
  given: GroupReplayOptions<T>,
  ownGroup: string,
): Promise<ReplayResult> {
  const normal = normalizePath(path);
  assertReplayOptions(given);
  const { group = ownGroup, ...options } = given;
  await context.ready();
  return new HistoryReplay<T>(context, normal, validGroup(group), options).run();
}
