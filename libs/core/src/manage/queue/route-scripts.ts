import { defineScript, lua } from '../../redis/index.js';

/** Numbers of a route, as the script returns them. */
export interface RouteNumbers {
  /** Epoch ms, the server's clock. */
  readonly now: number;
  readonly messages: number;
  readonly delayed: number;
  readonly exact: boolean;
  readonly groups: Readonly<Record<string, GroupNumbers>>;
  /** Ids and notes in turn. */
  readonly replays?: readonly string[];
  /** Groups whose numbers are not in the reply. */
  readonly rest?: readonly string[];
}

/** Numbers of a group from the log and the schedule. */
export interface GroupNumbers {
  readonly waiting: number;
  readonly inFlight: number;
  readonly scheduled: number;
  readonly lag?: number;
  /** True when the group is on the log. */
  readonly known: boolean;
  readonly own?: OwnNumbers;
}

/** Numbers of a group from its own streams. */
export interface OwnNumbers {
  readonly waiting: number;
  readonly inFlight: number;
  readonly dead: number;
  readonly consumers: Readonly<Record<string, ConsumerNumbers>>;
}

export interface ConsumerNumbers {
  readonly pending: number;
  readonly idleMs: number;
  readonly isHere?: boolean;
  /** JSON of its state: what it runs and holds. */
  readonly state?: string;
}

/** ARGV continues with groups that may exist. */
export const inspectScript = defineScript({
  lua: lua.inspectLua,
  keys: ['log'],
  args: ['limit', 'limitBytes', 'groupsAtOnce'],
  reply: (raw) => JSON.parse(raw as string) as RouteNumbers,
});

/** ARGV continues with groups. */
export const inspectGroupsScript = defineScript({
  lua: lua.inspectGroupsLua,
  keys: ['log'],
  args: [],
  reply: (raw) => JSON.parse(raw as string) as Readonly<Record<string, OwnNumbers>>,
});

export const removeGroupScript = defineScript({
  lua: lua.removeGroupLua,
  keys: ['log'],
  args: ['group', 'force', 'deadLetters'],
  reply: (raw) =>
    raw as
      | ['removed' | 'missing', dropped: number, deadLeft: number]
      | ['active', consumer: string]
      | ['in-flight', count: number],
});
