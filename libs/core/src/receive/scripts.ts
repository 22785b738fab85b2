import type { Claim, Source } from '../message/index.js';
import { defineScript, listOf, lua, oneOf } from '../redis/index.js';

/** Followed, for each stream of the keys, by the number of ids and the ids. */
export const heartbeatScript = defineScript({
  lua: lua.heartbeatLua,
  keys: [],
  args: ['group', 'consumer'],
  reply: listOf((ids) => ids as string[]),
});

/** What a reclaim found on one route. */
export interface Reclaimed {
  readonly taken: readonly Claim[];
  /** Ripe, but without room for them. */
  readonly left: number;
  /** Ripe, but to be run alone. */
  readonly suspects: number;
}

/** Keys are log, inbox and stale notes of each route; followed by how many to take of each. */
export const reclaimScript = defineScript({
  lua: lua.reclaimLua,
  keys: [],
  args: ['group', 'consumer', 'leaseMs', 'confirmMs', 'suspectFrom', 'maxCrashes', 'mode'],
  reply: listOf((raw): Reclaimed => {
    const [taken, left, suspects] = raw as [[Source, string, string[], number][], number, number];
    return {
      taken: taken.map(([source, entryId, fields, deliveries]) => ({
        source,
        entryId,
        fields,
        deliveries,
      })),
      left,
      suspects,
    };
  }),
});

export const beginSuspectScript = defineScript({
  lua: lua.beginSuspectLua,
  keys: ['stream'],
  args: ['group', 'consumer', 'entryId', 'deliveries'],
  reply: oneOf('begun', 'lost'),
});

/** Followed by the entry ids. */
export const adoptScript = defineScript({
  lua: lua.adoptLua,
  keys: ['stream'],
  args: ['group', 'consumer'],
  reply: listOf((raw) => {
    const [entryId, fields, deliveries] = raw as [string, string[], number];
    return { entryId, fields, deliveries };
  }),
});

/** Keys are the streams. */
export const leaveScript = defineScript({
  lua: lua.leaveLua,
  keys: [],
  args: ['group', 'consumer'],
  reply: Number,
});

/** Keys are, for each route, who is there and what this consumer holds; followed by since when, JSON or '', for each. */
export const notePresenceScript = defineScript({
  lua: lua.notePresenceLua,
  keys: [],
  args: ['consumer', 'leaseMs'],
  reply: oneOf('noted'),
});

export const lockQuarantineScript = defineScript({
  lua: lua.lockQuarantineLua,
  keys: ['lock'],
  args: ['consumer', 'leaseMs'],
  reply: oneOf('locked', 'busy'),
});
