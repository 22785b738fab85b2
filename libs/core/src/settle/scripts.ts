import { defineScript, listOf, lua, oneOf } from '../redis/index.js';

/** Followed, for each delivery, by entry id, delivery count, target, delay in ms and history. */
export const handOverScript = defineScript({
  lua: lua.handOverLua,
  keys: ['stream', 'inbox', 'dead', 'schedule', 'scheduled'],
  args: ['group', 'consumer', 'source'],
  reply: listOf(oneOf('moved', 'lost', 'gone')),
});
