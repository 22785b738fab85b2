import { key } from '../final-state.js';
import { PATHS } from '../setting.js';
import { again, choose, type MakeFault } from './fault.js';

/** More than what Lua can hold of one entry at a time. */
const WIDE = 8_000;

/** What other tools, and other people, write to a stream: none of it is a message. Names and values in turn. */
const SHAPES: Readonly<Record<string, readonly (string | Buffer)[]>> = {
  'without a payload': ['event', 'created', 'by', 'somebody'],
  'not JSON': ['d', '{"n":'],
  'not UTF-8': ['d', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
  'headers that are none': ['d', '{}', 'h', '[1]'],
  'an instant that is none': ['d', '{}', 'x', 'soon'],
  'too wide': Array.from({ length: WIDE * 2 }, (_, index) => `f${index}`),
};

/** Appends to a log what is not a message. It has to end as a dead letter, and to disturb nobody. */
export const foreignEntry: MakeFault = async ({ kind, chance }, { admin }) => {
  const path = choose(PATHS, chance) as string;
  const [shape, fields] = choose(Object.entries(SHAPES), again(chance)) as [string, string[]];
  const from = Date.now();
  const entryId = await admin((redis) => redis.xadd(key(path, 'log'), '*', ...fields));
  if (entryId === null) return undefined;
  return { kind, from, to: Date.now(), foreign: { path, entryId, shape } };
};
