import { busyStateOf, displayPath, type BusyState } from '../../message/index.js';
import type { RegisteredRoute, RouteSettings } from '../../redis/index.js';
import type { ManageContext } from '../context.js';
import { GroupProcesses, type ProcessInfo } from '../group-processes.js';
import { notedReplays, type ReplayInfo } from '../replay/replays.js';
import {
  inspectGroupsScript,
  inspectScript,
  type GroupNumbers,
  type OwnNumbers,
  type RouteNumbers,
} from './route-scripts.js';
import { SLICE_GROUPS, inSlices } from '../slices.js';

/** A consumer of a group on one queue. It reports its own load at least every third of its lease. */
export interface ConsumerInfo extends BusyState {
  readonly name: string;
  /** Number of deliveries that it holds. */
  readonly pending: number;
  /** Time since Redis last gave it a message, in ms; 0 if it never received one. */
  readonly idleMs: number;
  /** True while it reports its presence. False when it has crashed, or is not a LeanMQ consumer. */
  readonly isHere: boolean;
}

/** A group on one queue. */
export interface GroupInfo {
  readonly group: string;
  /** Messages that it has not received yet: unread ones of the log and redeliveries. */
  readonly waiting: number;
  readonly inFlight: number;
  /** Scheduled retries. */
  readonly scheduled: number;
  /** Dead letters of the group. */
  readonly dead: number;
  readonly consumers: readonly ConsumerInfo[];
  /** Processes of the group, whether they handle this queue or not; a stopped one has no consumers. */
  readonly processes: readonly ProcessInfo[];
  /** Unread messages of the log as Redis counts them; undefined when unknown, for example after a deletion. */
  readonly lag: number | undefined;
  /** Time at which one of its consumers was last seen, epoch ms; undefined if the registry does not know the group. */
  readonly seenAt: number | undefined;
  /** Time at which it was paused, epoch ms; undefined when it is not paused. */
  readonly pausedAt: number | undefined;
  /** True when the group, or its queue, was removed and its dead letters were kept. */
  readonly isRemoved: boolean;
}

export interface QueueInfo {
  /** Canonical form of the path, `order/status`. */
  readonly path: string;
  /** Display form of the path, `/order/status/`. */
  readonly name: string;
  /** Messages on the log: unfinished and retained ones. */
  readonly messages: number;
  /** Delayed sends. */
  readonly scheduled: number;
  readonly groups: readonly GroupInfo[];
  /** Replays of its history that are neither finished nor cancelled; while they exist, less is trimmed. */
  readonly replays: readonly ReplayInfo[];
  readonly settings: RouteSettings;
  /** Time of creation, epoch ms on the server's clock. */
  readonly createdAt: number;
  /** Time of deletion, epoch ms; undefined when it is not deleted. */
  readonly deletedAt: number | undefined;
  /** False when numbers that Redis does not keep were too large to count; some are estimates then. */
  readonly isExact: boolean;
}

/** Limits for counting where Redis does not keep a number; beyond them it is estimated. */
export interface LookLimits {
  /** Scheduled messages. */
  readonly count: number;
  /** Bytes of the log. */
  readonly bytes: number;
}

/** Reads the numbers of a route once. */
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

/** Returns all groups that may have data on the route. */
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
    // Skip a removed group of which nothing is left.
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
