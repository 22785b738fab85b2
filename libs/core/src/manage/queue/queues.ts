import type { RegisteredRoute } from '../../redis/index.js';
import type { ManageContext } from '../context.js';
import { GroupProcesses } from '../group-processes.js';
import { inspect, type QueueInfo } from './queue-info.js';

// Number of looks sent at once, each at a queue with its groups: Redis answers them in one go, and no other client
// meanwhile.
const QUEUES_AT_ONCE = 50;
const GROUPS_AT_ONCE = 100;
// A list must be quick; a look at a single queue counts further.
const LIMITS = { count: 200, bytes: 16 * 1024 };

/** Lists all queues by path, with their numbers. Includes deleted ones, which have `deletedAt`. */
export async function listQueues(context: ManageContext): Promise<QueueInfo[]> {
  const routes = await context.registry.routes();
  const processes = new GroupProcesses(context);
  const infos: QueueInfo[] = [];
  for (const some of batchesOf(routes)) {
    infos.push(
      ...(await Promise.all(some.map((route) => inspect(context, route, LIMITS, processes)))),
    );
  }
  return infos.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function* batchesOf(routes: readonly RegisteredRoute[]): Generator<RegisteredRoute[]> {
  let batch: RegisteredRoute[] = [];
  let groups = 0;
  for (const route of routes) {
    batch.push(route);
    groups += route.groups.length;
    if (batch.length < QUEUES_AT_ONCE && groups < GROUPS_AT_ONCE) continue;
    yield batch;
    batch = [];
    groups = 0;
  }
  if (batch.length > 0) yield batch;
}
