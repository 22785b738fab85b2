import { key } from '../final-state.js';
import { PATHS } from '../setting.js';
import { again, choose, type MakeFault } from './fault.js';

/** Number of fields of an entry that is too wide for Lua's stack. */
const WIDE = 8_000;

/** Entries that other tools may write to a stream, none of them a message. Field names and values alternate. */
const SHAPES: Readonly<Record<string, readonly (string | Buffer)[]>> = {
  'without a payload': ['event', 'created', 'by', 'somebody'],
  'not JSON': ['d', '{"n":'],
  'not UTF-8': ['d', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
  'bad headers': ['d', '{}', 'h', '[1]'],
  'bad instant': ['d', '{}', 'x', 'soon'],
  'too wide': Array.from({ length: WIDE * 2 }, (_, index) => `f${index}`),
};

/** Appends an entry that is not a message to a log. It must end as a dead letter and disturb nothing else. */
export const foreignEntry: MakeFault = async ({ kind, chance }, { admin }) => {
  const path = choose(PATHS, chance) as string;
  const [shape, fields] = choose(Object.entries(SHAPES), again(chance)) as [string, string[]];
  const from = Date.now();
  const entryId = await admin((redis) => redis.xadd(key(path, 'log'), '*', ...fields));
  if (entryId === null) return undefined;
  return { kind, from, to: Date.now(), foreign: { path, entryId, shape } };
};
