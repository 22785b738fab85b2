import { defineScript, listOf, lua, oneOf } from '../../redis/index.js';

/** ARGV continues with the number of ids and the ids for each stream of the keys. */
export const heartbeatScript = defineScript({
  lua: lua.heartbeatLua,
  keys: [],
  args: ['group', 'consumer'],
  reply: listOf((ids) => ids as string[]),
});

/** KEYS are presence and held entries of each route; ARGV continues with state and start times for each. */
export const notePresenceScript = defineScript({
  lua: lua.notePresenceLua,
  keys: [],
  args: ['consumer', 'leaseMs'],
  reply: oneOf('noted'),
});

/** KEYS are the streams. */
export const leaveScript = defineScript({
  lua: lua.leaveLua,
  keys: [],
  args: ['group', 'consumer'],
  reply: Number,
});
