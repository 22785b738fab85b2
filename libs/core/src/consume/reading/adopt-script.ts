import { defineScript, lua } from '../../redis/index.js';

/** ARGV continues with the entry ids. */
export const adoptScript = defineScript({
  lua: lua.adoptLua,
  keys: ['stream'],
  args: ['group', 'consumer', 'maxBytes'],
  reply: (raw) => {
    const [seen, found] = raw as [number, [string, string[], number][]];
    return {
      /** Number of ids examined. */
      seen,
      found: found.map(([entryId, fields, deliveries]) => ({ entryId, fields, deliveries })),
    };
  },
});
