import { readHistory, type DeadHistory, type DeadReason, type EntryId } from '../message/index.js';
import { defineScript, listOf, lua, oneOf } from '../redis/index.js';

/** What a step could do nothing with, and why. */
export interface Broken {
  readonly brokenBecause: string;
}

/** What a sweep found on one route. */
export interface Swept {
  /** Whether this process keeps the route tidy for now. */
  readonly isHolder: boolean;
  readonly moved: number;
  /** Members of the schedule that could not be appended, and are tried again in a minute. */
  readonly setAside: readonly string[];
  /** Epoch ms on the server's clock; undefined when nothing is scheduled. */
  readonly nextDueAt: number | undefined;
  /** Messages past their time to live. */
  readonly expired: number;
  /** When a recurring send is due: epoch ms on the server's clock; undefined when there is none. */
  readonly nextTickAt: number | undefined;
  /** Changes whenever there may be more to trim than before; '' where nothing is to be trimmed by this process. */
  readonly state: string;
  /** What kept some of it from being done. */
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

/** Keys are the logs. */
export const sweepScript = defineScript({
  lua: lua.sweepLua,
  keys: [],
  args: ['sweeper', 'leaseMs', 'limit'],
  reply: (raw) => {
    const [now, ...routes] = raw as [string, ...RawRoute[]];
    return { now: Number(now), routes: routes.map(sweptOf) };
  },
});

/** Keys are the logs; followed for each by the number of groups that the route had, and the groups. */
export const emptyRoutesScript = defineScript({
  lua: lua.emptyRoutesLua,
  keys: [],
  args: [],
  reply: listOf(oneOf('empty', 'used')),
});

/** Followed by path, number of fields and fields of each route. */
export const forgetRoutesScript = defineScript({
  lua: lua.forgetRoutesLua,
  keys: ['registry', 'changes', 'tombstones', 'used', 'forgotten'],
  args: ['version', 'unusedMs'],
  reply: oneOf('forgotten', 'changed'),
});

/** What trimming did to one route. */
export interface Trimmed {
  readonly trimmed: number;
  /** When to go on: at once, after a while, or not before something changes. */
  readonly next: 'more' | 'later' | 'done';
  /** Group after which to go on with what groups leave behind; '' for the first. */
  readonly after: string;
  /** Replays of history that keep the log from being trimmed, and that nobody is at. */
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

/** Keys are the logs; followed by kind and amount of retention and the group to go on after, for each. */
export const trimScript = defineScript({
  lua: lua.trimLua,
  keys: [],
  args: ['consumerIdleMs'],
  reply: listOf((raw) => trimmedOf(raw as RawTrimmed)),
});

/** What ending expired messages did to one route. */
export interface Expired {
  readonly removed: number;
  readonly hasMore: boolean;
  /** Entries that could not be ended and are tried again in a minute: as the expiry names them, and why. */
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
  /** Its id among the dead letters. */
  readonly id: EntryId;
  /** The message's own id. */
  readonly messageId: string;
  readonly reason: DeadReason | undefined;
  /** Which limit it was beyond. */
  readonly because: 'age' | 'count';
}

/** Keys are dead-letter queues; followed by the highest age and number for each, '' for no limit. */
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

/** What limiting did to one queue of dead letters. */
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

/** Undefined if it is not one of ours. */
function historyOf(json: string): DeadHistory | undefined {
  try {
    return readHistory(json);
  } catch {
    return undefined;
  }
}
