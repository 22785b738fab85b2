import { defineScript, listOf, lua } from '../redis/index.js';

/** Followed by the ids of dead letters. */
export const replayScript = defineScript({
  lua: lua.replayLua,
  keys: ['dead', 'inbox', 'expiry'],
  args: [],
  reply: listOf((id) => id as string),
});

/** Followed by the ids of entries. */
export const replayHistoryScript = defineScript({
  lua: lua.replayHistoryLua,
  keys: ['log', 'inbox', 'replays', 'expiry'],
  args: ['id', 'cursor', 'next'],
  reply: Number,
});
