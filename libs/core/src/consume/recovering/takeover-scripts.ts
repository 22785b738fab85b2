import type { Claim, Source } from '../../message/index.js';
import { defineScript, listOf, lua, oneOf } from '../../redis/index.js';

/** After which entry a look at a pending list goes on: `''` for its beginning, `'end'` when all of it was seen. */
export interface PendingCursor {
  readonly log: string;
  readonly inbox: string;
}

/** What a reclaim found on one route. */
export interface Reclaimed {
  readonly taken: readonly Claim[];
  /** Ripe, but without room for them. */
  readonly left: number;
  /** Ripe, but to be run alone. */
  readonly suspects: number;
  readonly next: PendingCursor;
  /** Why the route could not be looked at; '' if it could. */
  readonly problem: string;
}

type RawReclaimed = [[Source, string, string[], number][], number, number, string, string, string];

/** Keys are log, inbox and stale notes of each route; followed for each by how many to take and where to go on. */
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
    const [serverMs, ...routes] = raw as [number, ...RawReclaimed[]];
    const found = routes.map(([taken, left, suspects, log, inbox, problem]): Reclaimed => {
      const claims = taken.map(([source, entryId, fields, deliveries]) => ({
        ...{ source, entryId, fields, deliveries },
      }));
      return { taken: claims, left, suspects, next: { log, inbox }, problem };
    });
    return { serverMs, found };
  },
});

/** Keys are streams; followed for each by where to go on. */
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
