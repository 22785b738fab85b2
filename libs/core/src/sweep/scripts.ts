import { defineScript, listOf, lua } from '../redis/index.js';

/** What a sweep found on one route. */
export interface Swept {
  /** Whether this process keeps the route tidy for now. */
  readonly isHolder: boolean;
  readonly moved: number;
  readonly setAside: number;
  /** Epoch ms on the server's clock; undefined when nothing is scheduled. */
  readonly nextDueAt: number | undefined;
  /** Messages past their time to live. */
  readonly expired: number;
}

/** Keys are the logs. */
export const sweepScript = defineScript({
  lua: lua.sweepLua,
  keys: [],
  args: ['sweeper', 'leaseMs', 'limit'],
  reply: (raw) => {
    const [now, ...routes] = raw as [string, ...[string, number, number, string, number][]];
    return {
      now: Number(now),
      routes: routes.map(([holder, moved, setAside, nextDueAt, expired]): Swept => ({
        isHolder: holder === 'holder',
        moved,
        setAside,
        nextDueAt: nextDueAt === '' ? undefined : Number(nextDueAt),
        expired,
      })),
    };
  },
});

/** Keys are the logs; followed by kind and amount of retention for each. */
export const trimScript = defineScript({
  lua: lua.trimLua,
  keys: [],
  args: ['consumerIdleMs'],
  reply: listOf((raw) => {
    const [trimmed, state] = raw as [number, 'more' | 'done'];
    return { trimmed, hasMore: state === 'more' };
  }),
});

/** Followed by the groups that want expired messages as dead letters. */
export const expireScript = defineScript({
  lua: lua.expireLua,
  keys: ['log'],
  args: ['limit'],
  reply: Number,
});
