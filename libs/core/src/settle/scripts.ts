import { defineScript, listOf, lua, oneOf } from '../redis/index.js';

/** KEYS continue with the marks, and ARGV with the entry ids. */
export const ackOnceScript = defineScript({
  lua: lua.ackOnceLua,
  keys: ['stream'],
  args: ['group', 'source', 'windowMs'],
  reply: listOf(Number),
});

/** ARGV continues with the target (see the script) and the history of each delivery. */
export const handOverScript = defineScript({
  lua: lua.handOverLua,
  keys: ['stream', 'inbox', 'dead', 'schedule', 'scheduled'],
  args: ['group', 'consumer', 'source'],
  reply: listOf(oneOf('moved', 'lost', 'gone', 'dropped', 'blocked')),
});
