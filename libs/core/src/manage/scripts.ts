import { defineScript, listOf, lua } from '../redis/index.js';

/** Followed by the ids of dead letters. */
export const replayScript = defineScript({
  lua: lua.replayLua,
  keys: ['dead', 'inbox', 'expiry'],
  args: [],
  reply: listOf((id) => id as string),
});
