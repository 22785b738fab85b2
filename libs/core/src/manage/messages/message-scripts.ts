import { defineScript, lua, oneOf } from '../../redis/index.js';

export type RawInFlight = readonly [
  entryId: string,
  consumer: string,
  idleMs: number,
  deliveries: number,
  ownId: string,
  origin: string,
  attemptsBefore: number,
];

export const inFlightScript = defineScript({
  lua: lua.inFlightLua,
  keys: ['stream'],
  args: ['group', 'from', 'count', 'limitBytes'],
  reply: (raw) => {
    const [now, deliveries, next] = raw as [string, RawInFlight[], string];
    return { now: Number(now), deliveries, next };
  },
});

export const removeMessageScript = defineScript({
  lua: lua.removeMessageLua,
  keys: ['log'],
  args: ['group', 'state', 'source', 'at', 'entry', 'whose', 'keep'],
  reply: oneOf('removed', 'moved', 'wanted'),
});

export const buryMessageScript = defineScript({
  lua: lua.buryMessageLua,
  keys: ['log'],
  args: ['group', 'state', 'source', 'at', 'entry', 'why'],
  reply: oneOf('buried', 'moved', 'wanted', 'wide'),
});

export const runNowScript = defineScript({
  lua: lua.runNowLua,
  keys: ['schedule'],
  args: ['member'],
  reply: Number,
});

export type RawScheduled = readonly [member: string, due: string, fields: string[]];

export const listScheduledScript = defineScript({
  lua: lua.listScheduledLua,
  keys: ['schedule', 'scheduled'],
  args: ['prefix', 'from', 'skip', 'count', 'look', 'limitBytes'],
  reply: (raw) => {
    const [list, from, skip] = raw as [RawScheduled[], string, number];
    return { list, from, skip };
  },
});
