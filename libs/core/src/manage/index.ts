export type { ManageContext, SweepCounts } from './context.js';
export type { DeadLetter } from './dead-letter.js';
export type { DeadLetterBatchOptions, DeadLetterProgress } from './dead-letter-batch.js';
export type { DeadLetterFilter } from './dead-letter-filter.js';
export type { DeadLetterReplayOptions, DeadLetterReplayResult } from './dead-letter-replay.js';
export {
  DeadLetters,
  type DeadLetterBatchResult,
  type ListOptions,
  type MendOptions,
} from './dead-letters.js';
export type { DeleteQueueOptions } from './delete-queue.js';
export type { FoundMessage, Place, Tracked } from './find.js';
export type { Fingerprint } from './fingerprint.js';
export type { ProcessInfo } from './group-processes.js';
export type { DeclareGroupOptions, RemoveGroupOptions, RemovedGroup } from './groups.js';
export {
  HistoryReplay,
  assertReplayOptions,
  type PastMessage,
  type ReplayOptions,
  type ReplayProgress,
  type ReplayResult,
} from './history-replay.js';
export type { InFlightInfo, InFlightOptions } from './in-flight.js';
export type { MessagesOptions, MessagesPage } from './messages.js';
export type { QueuedMessage, QueuedState } from './queued-message.js';
export type { PurgeOptions } from './purge.js';
export type { PauseOptions } from './pause.js';
export { Queue } from './queue.js';
export type { ConsumerInfo, GroupInfo, QueueInfo } from './queue-info.js';
export { listWithDeadLetters, type ListedQueue } from './queue-list.js';
export { listQueues } from './queues.js';
export type { RemoveOptions, RemovedFrom } from './remove.js';
export type { QueueSettings } from './settings.js';
export type { BuryOptions, SettleOptions, SettledFrom } from './settle-by-id.js';
export type { NotedReplay } from './replays.js';
