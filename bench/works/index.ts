import { backlog1e4, backlog1e5, backlog1e6 } from './backlog.js';
import { commands, consume, consumeDto, consumeNest, handler5ms } from './consume.js';
import { heap } from './heap.js';
import { idle } from './idle.js';
import { latency200, latency5000, routes1, routes10, routes100, routes500 } from './latency.js';
import { memoryAfter } from './memory-after.js';
import { memory } from './memory.js';
import { publish1, publish256, sendMany, transaction10 } from './publish.js';
import { redisCpu } from './redis-cpu.js';
import { replay } from './replay.js';
import { retries } from './retries.js';
import { scripts } from './scripts.js';
import type { Work } from './work.js';

export * from './work.js';

/** In the order of the tables. */
export const WORKS: readonly Work[] = [
  ...[publish256, publish1, sendMany, transaction10],
  ...[consume, consumeNest, consumeDto, handler5ms],
  ...[latency200, latency5000, routes1, routes10, routes100, routes500],
  ...[backlog1e4, backlog1e5, backlog1e6],
  ...[memory, memoryAfter, redisCpu, commands],
  ...[retries, replay, idle, heap, scripts],
];
