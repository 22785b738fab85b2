import { defineScript, listOf, lua, oneOf } from '../redis/index.js';

/** Keys go on with the marks; followed by the entry ids. */
export const ackOnceScript = defineScript({
  lua: lua.ackOnceLua,
  keys: ['stream'],
  args: ['group', 'source', 'windowMs'],
  reply: listOf(Number),
});

/** Followed, for each delivery, by where it is to go (see the script) and its history. */
export const handOverScript = defineScript({
  lua: lua.handOverLua,
  keys: ['stream', 'inbox', 'dead', 'schedule', 'scheduled'],
  args: ['group', 'consumer', 'source'],
  reply: listOf(oneOf('moved', 'lost', 'gone', 'dropped', 'blocked')),
});
