import { defineScript, lua } from '../../redis/index.js';

/** Place of a message for one group, as the scripts return it. */
export interface RawPlace {
  readonly state:
    | 'waiting'
    | 'in-flight'
    | 'scheduled'
    | 'dead'
    | 'done'
    | 'expired'
    | 'gone'
    | 'unknown'
    /** Not found so far. */
    | 'open';
  readonly source?: 'log' | 'inbox';
  readonly at?: string;
  readonly consumer?: string;
  readonly idleMs?: number;
  readonly deliveries?: number;
  readonly dueAt?: number;
  readonly history?: string;
  /** True when the group is on the log. */
  readonly known: boolean;
  /** True when the group has finished the message, if it is nowhere else. */
  readonly isEnded?: boolean;
}

export interface RawFound {
  readonly now: number;
  readonly entry?: string;
  readonly body: boolean;
  readonly sent: boolean;
  readonly due?: number;
  readonly expiresAt?: number;
  readonly groups: Readonly<Record<string, RawPlace>>;
}

export const PHASES = ['inbox', 'schedule', 'dead'] as const;
export type Phase = (typeof PHASES)[number];

/** Position at which to continue with groups whose copies were not all searched. */
export interface Rest {
  readonly at: string;
  readonly groups: readonly string[];
}

/** ARGV continues with groups that may exist. */
export const findScript = defineScript({
  lua: lua.findLua,
  keys: ['log'],
  args: ['id', 'entryId', 'limitBytes', 'deadAfter'],
  reply: (raw) =>
    JSON.parse(raw as string) as RawFound & {
      readonly searched?: string;
      readonly rest?: Rest & { readonly phase: Phase };
    },
});

/** ARGV continues with groups. */
export const findCopiesScript = defineScript({
  lua: lua.findCopiesLua,
  keys: ['log'],
  args: ['id', 'entry', 'limitBytes', 'deadAfter', 'phase', 'at'],
  reply: (raw) =>
    JSON.parse(raw as string) as {
      readonly groups: Readonly<Record<string, RawPlace>>;
      readonly rest?: Rest;
    },
});

export const findEntryScript = defineScript({
  lua: lua.findEntryLua,
  keys: ['log'],
  args: ['id', 'from', 'limitBytes'],
  reply: (raw) => {
    const [entry, next] = raw as [string, string];
    return { entry, next };
  },
});
