import { defineScript, lua, oneOf } from '../../redis/index.js';

/** Range of a stream that no group has received or will receive. */
export interface Erasable {
  readonly stream: string;
  readonly after: string;
  readonly to: string;
}

/** ARGV continues with groups. */
export const purgeScript = defineScript({
  lua: lua.purgeLua,
  keys: ['log'],
  args: ['limitBytes'],
  reply: (raw) => {
    const [dropped, inboxes, given, last] = raw as [number, string[][], string, string];
    const erasable = inboxes.map(([stream = '', after = '', to = '']): Erasable => ({
      stream,
      after,
      to,
    }));
    return { dropped, erasable, given, last };
  },
});

export const purgeRouteScript = defineScript({
  lua: lua.purgeRouteLua,
  keys: ['log'],
  args: [],
  reply: (raw) => {
    const [state, dropped = 0, last = ''] = raw as [string, number?, string?];
    return state === 'leftover' ? state : { dropped, last };
  },
});

export const purgeRetriesScript = defineScript({
  lua: lua.purgeRetriesLua,
  keys: ['log'],
  args: ['group', 'why', 'cursor', 'count'],
  reply: (raw) => {
    const [cursor, dropped] = raw as [string, number];
    return { cursor, dropped };
  },
});

/** Replies with the number of ids that are left. */
export const forgetPurgedScript = defineScript({
  lua: lua.forgetPurgedLua,
  keys: ['log'],
  args: ['limit'],
  reply: Number,
});

export const eraseScript = defineScript({
  lua: lua.eraseLua,
  keys: ['stream'],
  args: ['after', 'to', 'limit', 'limitBytes'],
  reply: oneOf('more', 'done'),
});

/** ARGV continues with groups. Replies with the number of messages that were on the log. */
export const deleteRouteScript = defineScript({
  lua: lua.deleteRouteLua,
  keys: ['log'],
  args: ['deadLetters'],
  reply: Number,
});
