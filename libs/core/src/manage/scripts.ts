import { defineScript, lua } from '../redis/index.js';

/** What became of a slice of dead letters. */
export interface Transferred {
  /** How many of the ids were dealt with. */
  readonly looked: number;
  readonly done: readonly string[];
  /** Those with more fields than can be passed on. */
  readonly wide: readonly string[];
}

/** Followed by the ids of dead letters. */
export const replayScript = defineScript({
  lua: lua.replayLua,
  keys: ['dead', 'inbox', 'expiry', 'log'],
  args: ['group', 'limitBytes', 'mended'],
  reply: (raw) => transferredOr('no group', raw),
});

/** Followed by the ids of dead letters. */
export const moveDeadScript = defineScript({
  lua: lua.moveDeadLua,
  keys: ['dead', 'log', 'expiry'],
  args: ['maxLength', 'limitBytes'],
  reply: (raw) => transferredOr('full', raw),
});

/** Followed by the ids of entries. */
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

/** The reply is 0 when the replay is finished or was cancelled. */
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
