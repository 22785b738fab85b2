export type { DeadLetter } from './dead-letter.js';
export { DeadLetters, type ListOptions } from './dead-letters.js';
export {
  HistoryReplay,
  type PastMessage,
  type ReplayOptions,
  type ReplayProgress,
  type ReplayResult,
} from './history-replay.js';
