import type { Claim, Source } from '../../message/index.js';
import { defineScript, listOf, lua, oneOf } from '../../redis/index.js';

/** Entry after which a scan of a pending list continues: `''` for its beginning, `'end'` when all of it was seen. */
export interface PendingCursor {
  readonly log: string;
  readonly inbox: string;
}

/** Result of a reclaim on one route. */
export interface Reclaimed {
  readonly taken: readonly Claim[];
  /** Number of ripe deliveries without room. */
  readonly left: number;
  /** Number of ripe deliveries that must run alone. */
  readonly suspects: number;
  readonly next: PendingCursor;
  /** Reason why the route could not be examined; '' if it could. */
  readonly problem: string;
  /** True if the group has nothing pending on the route. */
  readonly isBare: boolean;
}

const BARE: Reclaimed = Object.freeze({
  ...{ taken: [], left: 0, suspects: 0, problem: '', isBare: true },
  next: Object.freeze({ log: 'end', inbox: 'end' }),
});

type RawReclaimed = [[Source, string, string[], number][], number, number, string, string, string];

/** KEYS are log, inbox and stale notes of each route; ARGV continues with the number to take and the cursor of each. */
export const reclaimScript = defineScript({
  lua: lua.reclaimLua,
  keys: [],
  args: [
    'group',
    'consumer',
    'leaseMs',
    'confirmMs',
    'suspectFrom',
    'maxCrashes',
    'mode',
    'how',
    'maxBytes',
  ],
  reply: (raw) => {
    const [serverMs, ...routes] = raw as [number, ...('bare' | RawReclaimed)[]];
    const found = routes.map((route): Reclaimed => {
      if (route === 'bare') return BARE;
      const [taken, left, suspects, log, inbox, problem] = route;
      const claims = taken.map(([source, entryId, fields, deliveries]) => ({
        ...{ source, entryId, fields, deliveries },
      }));
      return { taken: claims, left, suspects, next: { log, inbox }, problem, isBare: false };
    });
    return { serverMs, found };
  },
});

/** KEYS are streams; ARGV continues with the cursor of each. */
export const restampScript = defineScript({
  lua: lua.restampLua,
  keys: [],
  args: ['group'],
  reply: listOf(String),
});

export const beginSuspectScript = defineScript({
  lua: lua.beginSuspectLua,
  keys: ['stream'],
  args: ['group', 'consumer', 'entryId', 'deliveries'],
  reply: oneOf('begun', 'lost'),
});

export const lockQuarantineScript = defineScript({
  lua: lua.lockQuarantineLua,
  keys: ['lock'],
  args: ['consumer', 'leaseMs'],
  reply: oneOf('locked', 'busy'),
});
