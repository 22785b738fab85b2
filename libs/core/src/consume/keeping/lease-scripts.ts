import { defineScript, listOf, lua, oneOf } from '../../redis/index.js';

/** Followed, for each stream of the keys, by the number of ids and the ids. */
export const heartbeatScript = defineScript({
  lua: lua.heartbeatLua,
  keys: [],
  args: ['group', 'consumer'],
  reply: listOf((ids) => ids as string[]),
});

/** Keys are, for each route, who is there and what this consumer holds; followed for each by its state and since when. */
export const notePresenceScript = defineScript({
  lua: lua.notePresenceLua,
  keys: [],
  args: ['consumer', 'leaseMs'],
  reply: oneOf('noted'),
});

/** Keys are the streams. */
export const leaveScript = defineScript({
  lua: lua.leaveLua,
  keys: [],
  args: ['group', 'consumer'],
  reply: Number,
});
