import { defineScript, lua } from '../redis/index.js';

/** Result for a slice of dead letters. */
export interface Transferred {
  /** Number of ids processed. */
  readonly looked: number;
  readonly done: readonly string[];
  /** Ids of dead letters with too many fields to move. */
  readonly wide: readonly string[];
}

/** ARGV continues with the ids of dead letters. */
export const replayScript = defineScript({
  lua: lua.replayLua,
  keys: ['dead', 'inbox', 'expiry', 'log'],
  args: ['group', 'limitBytes', 'mended'],
  reply: (raw) => transferredOr('no group', raw),
});

/** ARGV continues with the ids of dead letters. */
export const moveDeadScript = defineScript({
  lua: lua.moveDeadLua,
  keys: ['dead', 'log', 'expiry'],
  args: ['maxLength', 'limitBytes'],
  reply: (raw) => transferredOr('full', raw),
});

/** ARGV continues with the ids of entries. */
export const replayHistoryScript = defineScript({
  lua: lua.replayHistoryLua,
  keys: ['log', 'inbox', 'replays', 'expiry'],
  args: ['id', 'group', 'cursor', 'next', 'limitBytes'],
  reply: (raw) => {
    const [delivered, reached] = raw as [number, string?];
    if (delivered === -2) return 'no group';
    return reached === undefined ? 'overtaken' : { delivered, reached };
  },
});

/** Replies 0 when the replay is finished or was cancelled. */
export const touchReplayScript = defineScript({
  lua: lua.touchReplayLua,
  keys: ['replays'],
  args: ['id'],
  reply: Number,
});

function transferredOr<const Word extends string>(word: Word, raw: unknown): Transferred | Word {
  const [looked, done = [], wide = []] = raw as [number | string, string[]?, string[]?];
  return typeof looked === 'string' ? word : { looked, done, wide };
}
