import { defineScript, lua, oneOf } from '../redis/index.js';

/** How a route is, as the script tells it. */
export interface RouteNumbers {
  readonly messages: number;
  readonly delayed: number;
  readonly exact: boolean;
  readonly groups: Readonly<Record<string, GroupNumbers>>;
}

export interface GroupNumbers {
  readonly waiting: number;
  readonly inFlight: number;
  readonly scheduled: number;
  readonly dead: number;
  readonly lag?: number;
  /** Whether it is on the log. */
  readonly known: boolean;
  readonly consumers: Readonly<Record<string, ConsumerNumbers>>;
}

export interface ConsumerNumbers {
  readonly pending: number;
  readonly idleMs: number;
  readonly isHere?: boolean;
}

/** Followed by groups that may be there. */
export const inspectScript = defineScript({
  lua: lua.inspectLua,
  keys: ['log'],
  args: ['limit'],
  reply: (raw) => JSON.parse(raw as string) as RouteNumbers,
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

/** Followed by groups. */
export const purgeScript = defineScript({
  lua: lua.purgeLua,
  keys: ['log'],
  args: ['whose'],
  reply: (raw) => {
    const [dropped, given, last] = raw as [number, string, string];
    return { dropped, given, last };
  },
});

export const eraseScript = defineScript({
  lua: lua.eraseLua,
  keys: ['log'],
  args: ['after', 'to', 'limit'],
  reply: (raw) => {
    const [removed, next] = raw as [number, string];
    return { removed, hasMore: next === 'more' };
  },
});

/** Where a message is for one group, as the script tells it. */
export interface RawPlace {
  readonly state:
    'waiting' | 'in-flight' | 'scheduled' | 'dead' | 'done' | 'expired' | 'gone' | 'unknown';
  readonly source?: 'log' | 'inbox';
  readonly at?: string;
  readonly consumer?: string;
  readonly idleMs?: number;
  readonly deliveries?: number;
  readonly dueAt?: number;
  readonly history?: string;
  /** Whether the group is on the log. */
  readonly known: boolean;
}

export interface RawFound {
  readonly now: number;
  readonly entry?: string;
  readonly body: boolean;
  readonly sent: boolean;
  readonly due?: number;
  readonly expiresAt?: number;
  readonly groups: Readonly<Record<string, RawPlace>>;
}

/** Followed by groups that may be there. */
export const findScript = defineScript({
  lua: lua.findLua,
  keys: ['log'],
  args: ['id', 'entryId', 'limitBytes'],
  reply: (raw) => JSON.parse(raw as string) as RawFound,
});

export type RawInFlight = readonly [
  source: 'log' | 'inbox',
  entryId: string,
  consumer: string,
  idleMs: number,
  deliveries: number,
  ownId: string,
  history: string,
];

export const inFlightScript = defineScript({
  lua: lua.inFlightLua,
  keys: ['log'],
  args: ['group', 'count'],
  reply: (raw) => {
    const [now, deliveries] = raw as [string, RawInFlight[]];
    return { now: Number(now), deliveries };
  },
});

export const removeMessageScript = defineScript({
  lua: lua.removeMessageLua,
  keys: ['log'],
  args: ['group', 'state', 'source', 'at', 'entry', 'whose'],
  reply: oneOf('removed', 'moved', 'wanted'),
});

/** Followed by the ids of dead letters; the reply are those that were moved. */
export const moveDeadScript = defineScript({
  lua: lua.moveDeadLua,
  keys: ['dead', 'log', 'expiry'],
  args: ['maxLength'],
  reply: (raw) => {
    const [result, ids] = raw as ['moved', string[]] | ['full'];
    return result === 'full' ? result : ids;
  },
});
