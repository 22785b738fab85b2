import { defineScript, lua } from '../../redis/index.js';

/** How a route is, as the script tells it. */
export interface RouteNumbers {
  /** Epoch ms, the server's clock. */
  readonly now: number;
  readonly messages: number;
  readonly delayed: number;
  readonly exact: boolean;
  readonly groups: Readonly<Record<string, GroupNumbers>>;
  /** Ids and notes in turn. */
  readonly replays?: readonly string[];
  /** Groups whose own numbers were not told. */
  readonly rest?: readonly string[];
}

/** What the log and the schedule say of a group. */
export interface GroupNumbers {
  readonly waiting: number;
  readonly inFlight: number;
  readonly scheduled: number;
  readonly lag?: number;
  /** Whether it is on the log. */
  readonly known: boolean;
  readonly own?: OwnNumbers;
}

/** What a group's own streams say. */
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
  /** JSON of how busy it is. */
  readonly state?: string;
}

/** Followed by groups that may be there. */
export const inspectScript = defineScript({
  lua: lua.inspectLua,
  keys: ['log'],
  args: ['limit', 'limitBytes', 'groupsAtOnce'],
  reply: (raw) => JSON.parse(raw as string) as RouteNumbers,
});

/** Followed by groups. */
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

/** Followed by groups; the reply is how many messages were on the log. */
export const deleteRouteScript = defineScript({
  lua: lua.deleteRouteLua,
  keys: ['log'],
  args: ['deadLetters'],
  reply: Number,
});
