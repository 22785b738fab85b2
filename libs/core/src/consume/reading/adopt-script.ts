import { defineScript, lua } from '../../redis/index.js';

/** Followed by the entry ids. */
export const adoptScript = defineScript({
  lua: lua.adoptLua,
  keys: ['stream'],
  args: ['group', 'consumer', 'maxBytes'],
  reply: (raw) => {
    const [seen, found] = raw as [number, [string, string[], number][]];
    return {
      /** How many of the ids were looked at. */
      seen,
      found: found.map(([entryId, fields, deliveries]) => ({ entryId, fields, deliveries })),
    };
  },
});
