import { busyStateOf, displayPath, type BusyState } from '../../message/index.js';
import type { RegisteredRoute, RouteSettings } from '../../redis/index.js';
import type { ManageContext } from '../context.js';
import { GroupProcesses, type ProcessInfo } from '../group-processes.js';
import { notedReplays, type NotedReplay } from '../replay/replays.js';
import {
  inspectGroupsScript,
  inspectScript,
  type GroupNumbers,
  type OwnNumbers,
  type RouteNumbers,
} from './route-scripts.js';
import { SLICE_GROUPS, inSlices } from '../slices.js';

/** A consumer of a group on one queue. How busy it is, it says itself, at least every third of its lease. */
export interface ConsumerInfo extends BusyState {
  readonly name: string;
  /** Deliveries that it holds. */
  readonly pending: number;
  /** How long ago it was last given something, as far as Redis says, ms; 0 if that was never. */
  readonly idleMs: number;
  /** Whether it says that it is there; one that does not has crashed, or is not one of ours. */
  readonly isHere: boolean;
}

/** A group on one queue. */
export interface GroupInfo {
  readonly group: string;
  /** Messages that it has not been given yet: unread ones of the log and redeliveries. */
  readonly waiting: number;
  readonly inFlight: number;
  /** Its retries. */
  readonly scheduled: number;
  /** Its dead letters. */
  readonly dead: number;
  readonly consumers: readonly ConsumerInfo[];
  /** Its processes, whether they handle this queue or not; a stopped one has no consumers. */
  readonly processes: readonly ProcessInfo[];
  /** Unread messages of the log as Redis counts them; undefined when it does not know, after a deletion for example. */
  readonly lag: number | undefined;
  /** When one of its consumers was last known to be there, epoch ms; undefined if the registry does not know it. */
  readonly seenAt: number | undefined;
  /** Since when it is paused, epoch ms; undefined when it is not. */
  readonly pausedAt: number | undefined;
  /** It was removed, or went with its queue; its dead letters were kept. */
  readonly isRemoved: boolean;
}

export interface QueueInfo {
  /** The path in its canonical form, `order/status`. */
  readonly path: string;
  /** The path as people write it, `/order/status/`. */
  readonly name: string;
  /** Messages on the log: unfinished ones and those that are retained. */
  readonly messages: number;
  /** Delayed sends. */
  readonly scheduled: number;
  readonly groups: readonly GroupInfo[];
  /** Replays of its history that are neither finished nor cancelled; as long as they are noted, less is trimmed. */
  readonly replays: readonly NotedReplay[];
  readonly settings: RouteSettings;
  /** Epoch ms, the server's clock. */
  readonly createdAt: number;
  /** Since when it is deleted, epoch ms; undefined when it is not. */
  readonly deletedAt: number | undefined;
  /** False when what Redis does not know by itself was too much to be counted: then some numbers are estimates. */
  readonly isExact: boolean;
}

/** How much to count at most where Redis does not know a number; beyond that it is estimated. */
export interface LookLimits {
  /** Scheduled messages. */
  readonly count: number;
  /** Bytes of the log. */
  readonly bytes: number;
}

/** Looks at a route once. */
export async function inspect(
  context: ManageContext,
  route: RegisteredRoute,
  limits: LookLimits,
  processes = new GroupProcesses(context),
): Promise<QueueInfo> {
  const { connection, keys } = context;
  const { log } = keys.route(route.path);
  const args = groupNames(route);
  const { count: limit, bytes: limitBytes } = limits;
  const numbers = await connection.run((client) =>
    inspectScript.run(client, { log }, { limit, limitBytes, groupsAtOnce: SLICE_GROUPS }, { args }),
  );
  const own: Record<string, OwnNumbers> = {};
  const rest = numbers.rest ?? [];
  let at = 0;
  await inSlices(async () => {
    const some = rest.slice(at, at + SLICE_GROUPS);
    if (some.length === 0) return false;
    at += some.length;
    Object.assign(
      own,
      await connection.run((client) =>
        inspectGroupsScript.run(client, { log }, {}, { args: some }),
      ),
    );
    return at < rest.length;
  });
  const found = await Promise.all(
    Object.keys(numbers.groups).map(async (group) => {
      return [group, await processes.of(group, numbers.now)] as const;
    }),
  );
  return infoOf(route, numbers, own, new Map(found));
}

/** All groups that may have something on the route. */
export function groupNames({ groups, removedGroups, formerGroups }: RegisteredRoute): string[] {
  return [...groups.map(({ group }) => group), ...removedGroups, ...formerGroups];
}

function infoOf(
  route: RegisteredRoute,
  numbers: RouteNumbers,
  own: Readonly<Record<string, OwnNumbers>>,
  processes: ReadonlyMap<string, readonly ProcessInfo[]>,
): QueueInfo {
  const { path, settings, createdAt, deletedAt } = route;
  const groups = Object.entries(numbers.groups)
    .map(([group, each]) => ({
      ...groupOf(route, group, each, each.own ?? own[group]),
      processes: processes.get(group) ?? [],
    }))
    // Nothing is left of it.
    .filter(({ isRemoved, dead }) => !isRemoved || dead > 0)
    .toSorted((a, b) => (a.group < b.group ? -1 : 1));
  return {
    path,
    name: displayPath(path),
    messages: numbers.messages,
    scheduled: numbers.delayed,
    groups,
    replays: notedReplays(numbers.replays ?? [], numbers.now),
    settings,
    createdAt,
    deletedAt,
    isExact: numbers.exact,
  };
}

function groupOf(
  route: RegisteredRoute,
  group: string,
  { waiting, inFlight, scheduled, lag, known }: GroupNumbers,
  own: OwnNumbers | undefined,
): Omit<GroupInfo, 'processes'> {
  const registered = route.groups.find((each) => each.group === group);
  return {
    group,
    waiting: waiting + (own?.waiting ?? 0),
    inFlight: inFlight + (own?.inFlight ?? 0),
    scheduled,
    dead: own?.dead ?? 0,
    consumers: Object.entries(own?.consumers ?? {}).map(([name, each]) => {
      const { pending, idleMs, isHere = false, state } = each;
      return { name, pending, idleMs, isHere, ...busyStateOf(state) };
    }),
    lag,
    seenAt: registered?.seenAt,
    pausedAt: registered?.pausedAt,
    isRemoved: registered === undefined && !known,
  };
}
