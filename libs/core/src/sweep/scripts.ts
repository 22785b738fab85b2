import { readHistory, type DeadHistory, type DeadReason, type EntryId } from '../message/index.js';
import { defineScript, listOf, lua, oneOf } from '../redis/index.js';

/** Reason why a step failed on a route. */
export interface Broken {
  readonly brokenBecause: string;
}

/** Result of a sweep on one route. */
export interface Swept {
  /** True while this process keeps the route tidy. */
  readonly isHolder: boolean;
  readonly moved: number;
  /** Members of the schedule that could not be appended, and are tried again in a minute. */
  readonly setAside: readonly string[];
  /** Epoch ms on the server's clock; undefined when nothing is scheduled. */
  readonly nextDueAt: number | undefined;
  /** Number of messages past their time to live. */
  readonly expired: number;
  /** Next due instant of a recurring send, epoch ms on the server's clock; undefined without one. */
  readonly nextTickAt: number | undefined;
  /** Changes whenever there may be more to trim than before; '' when this process has nothing to trim there. */
  readonly state: string;
  /** Reason why a part of the sweep failed. */
  readonly broken: Broken | undefined;
}

type RawRoute = readonly [
  role: 'holder' | 'other',
  moved: number,
  setAside: string[],
  nextDueAt: string,
  expired: number,
  nextTickAt: string,
  state: string,
  problem: string,
];

function sweptOf(raw: RawRoute): Swept {
  const [role, moved, setAside, nextDueAt, expired, nextTickAt, state, problem] = raw;
  return {
    isHolder: role === 'holder',
    moved,
    setAside,
    nextDueAt: instant(nextDueAt),
    expired,
    nextTickAt: instant(nextTickAt),
    state,
    broken: problem === '' ? undefined : { brokenBecause: problem },
  };
}

function instant(text: string): number | undefined {
  return text === '' ? undefined : Number(text);
}

/** KEYS are the logs. */
export const sweepScript = defineScript({
  lua: lua.sweepLua,
  keys: [],
  args: ['sweeper', 'leaseMs', 'limit'],
  reply: (raw) => {
    const [now, ...routes] = raw as [string, ...RawRoute[]];
    return { now: Number(now), routes: routes.map(sweptOf) };
  },
});

/** KEYS are the logs; ARGV continues with the number of known groups and the groups for each. */
export const emptyRoutesScript = defineScript({
  lua: lua.emptyRoutesLua,
  keys: [],
  args: [],
  reply: listOf(oneOf('empty', 'used')),
});

/** ARGV continues with path, number of fields and fields of each route. */
export const forgetRoutesScript = defineScript({
  lua: lua.forgetRoutesLua,
  keys: ['registry', 'changes', 'tombstones', 'used', 'forgotten'],
  args: ['version', 'unusedMs'],
  reply: oneOf('forgotten', 'changed'),
});

/** Result of trimming one route. */
export interface Trimmed {
  readonly trimmed: number;
  /** Time to continue: at once, after a while, or only after a change. */
  readonly next: 'more' | 'later' | 'done';
  /** Group after which the clean-up of groups continues; '' for the first. */
  readonly after: string;
  /** Stopped replays of history that keep the log from being trimmed. */
  readonly stoppedReplays: readonly string[];
}

type RawTrimmed =
  | readonly ['broken', string]
  | readonly [number, next: Trimmed['next'], after: string, stoppedReplays: string[]];

function trimmedOf(raw: RawTrimmed): Trimmed | Broken {
  if (raw[0] === 'broken') return { brokenBecause: raw[1] };
  const [trimmed, next, after, stoppedReplays] = raw;
  return { trimmed, next, after, stoppedReplays };
}

/** KEYS are the logs; ARGV continues with kind and amount of retention and the group to continue after, for each. */
export const trimScript = defineScript({
  lua: lua.trimLua,
  keys: [],
  args: ['consumerIdleMs'],
  reply: listOf((raw) => trimmedOf(raw as RawTrimmed)),
});

/** Result of ending expired messages on one route. */
export interface Expired {
  readonly removed: number;
  readonly hasMore: boolean;
  /** Entries that could not be ended and are tried again in a minute: their members of the expiry, with reasons. */
  readonly setAside: readonly (readonly [member: string, why: string])[];
}

export const expireScript = defineScript({
  lua: lua.expireLua,
  keys: ['log'],
  args: ['limit'],
  reply: (raw): Expired => {
    const [removed, next, ...aside] = raw as [number, string, ...string[]];
    const setAside: [string, string][] = [];
    for (let i = 0; i < aside.length; i += 2) {
      setAside.push([aside[i] as string, aside[i + 1] as string]);
    }
    return { removed, hasMore: next === 'more', setAside };
  },
});

/** A dead letter that was dropped. */
export interface DroppedDeadLetter {
  /** Id among the dead letters. */
  readonly id: EntryId;
  /** Id of the message itself. */
  readonly messageId: string;
  readonly reason: DeadReason | undefined;
  /** Limit that it exceeded. */
  readonly because: 'age' | 'count';
}

/** KEYS are dead-letter queues; ARGV continues with maximum age and count for each, '' for no limit. */
export const limitDeadScript = defineScript({
  lua: lua.limitDeadLua,
  keys: [],
  args: ['limit'],
  reply: listOf((raw): Dropped | Broken => {
    if (typeof raw === 'string') return { brokenBecause: raw };
    const [next, ...drops] = raw as [string, ...RawDrop[]];
    return { hasMore: next === 'more', dropped: drops.map(dropOf) };
  }),
});

/** Result of limiting one dead-letter queue. */
export interface Dropped {
  readonly dropped: readonly DroppedDeadLetter[];
  readonly hasMore: boolean;
}

type RawDrop = readonly [id: EntryId, because: 'age' | 'count', historyJson: string, ownId: string];

function dropOf([id, because, json, ownId]: RawDrop): DroppedDeadLetter {
  const history = historyOf(json);
  return {
    id,
    messageId: ownId !== '' ? ownId : (history?.origin ?? id),
    reason: history?.reason,
    because,
  };
}

/** Returns undefined for a history that LeanMQ did not write. */
function historyOf(json: string): DeadHistory | undefined {
  try {
    return readHistory(json);
  } catch {
    return undefined;
  }
}
