export type { ManageContext, SweepCounts } from './context.js';
export type { DeadLetter } from './dead-letters/dead-letter.js';
export type {
  DeadLetterBatchOptions,
  DeadLetterProgress,
} from './dead-letters/dead-letter-batch.js';
export type { DeadLetterFilter } from './dead-letters/dead-letter-filter.js';
export type {
  DeadLetterReplayOptions,
  DeadLetterReplayResult,
} from './dead-letters/dead-letter-replay.js';
export {
  DeadLetters,
  type DeadLetterBatchResult,
  type DeadLetterListOptions,
  type DeadLetterMendOptions,
} from './dead-letters/dead-letters.js';
export type { DeleteQueueOptions } from './queue/delete-queue.js';
export type { FoundMessage, MessagePlace, MessageProgress } from './messages/find.js';
export type { DeadLetterFingerprint } from './dead-letters/fingerprint.js';
export type { ProcessInfo } from './group-processes.js';
export type { DeclareGroupOptions, RemoveGroupOptions, RemovedGroup } from './queue/groups.js';
export {
  HistoryReplay,
  assertReplayOptions,
  type PastMessage,
  type ReplayOptions,
  type ReplayProgress,
  type ReplayResult,
} from './replay/history-replay.js';
export type { InFlightInfo, InFlightOptions } from './messages/in-flight.js';
export type { MessagesOptions, MessagesPage } from './messages/messages.js';
export type { QueuedMessage, QueuedState } from './messages/queued-message.js';
export type { PurgeOptions } from './queue/purge.js';
export type { PauseOptions } from './queue/pause.js';
export { Queue } from './queue/queue.js';
export type { ConsumerInfo, GroupInfo, QueueInfo } from './queue/queue-info.js';
export { listWithDeadLetters, type ListedQueue } from './queue/queue-list.js';
export { listQueues } from './queue/queues.js';
export type { RemoveMessageOptions, RemovedMessageState } from './messages/remove.js';
export type { QueueSettings } from './queue/settings.js';
export type {
  BuryMessageOptions,
  SettleMessageOptions,
  SettledMessageState,
} from './messages/settle-by-id.js';
export type { ReplayInfo } from './replay/replays.js';
export { replayHistory, type GroupReplayOptions } from './replay/replay-history.js';
