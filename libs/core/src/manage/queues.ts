import type { ManageContext } from './context.js';
import { inspect, type QueueInfo } from './queue-info.js';

// So many looks are on their way at once: a heartbeat does not wait behind all of them.
const AT_ONCE = 50;
// A list shall be quick; a look at one queue counts further.
const COUNT_LIMIT = 200;

/** All queues, by path, with what is known of each. Deleted ones too, which have `deletedAt`. */
export async function listQueues(context: ManageContext): Promise<QueueInfo[]> {
  const routes = await context.registry.routes();
  const infos: QueueInfo[] = [];
  for (let from = 0; from < routes.length; from += AT_ONCE) {
    const some = routes.slice(from, from + AT_ONCE);
    infos.push(...(await Promise.all(some.map((route) => inspect(context, route, COUNT_LIMIT)))));
  }
  return infos.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
