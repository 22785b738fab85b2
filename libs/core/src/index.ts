export * from './errors.js';
export { printable, printableStack } from './show.js';
export type { DeliveryEvent, Events, LeanMQEvents } from './events.js';
export { LeanMQ } from './leanmq.js';
export type {
  HandlerHealth,
  Health,
  Processed,
  PulledDelivery,
  ReceiveOptions,
  RefusedCommand,
  Settled,
} from './wiring/index.js';
export {
  listWithDeadLetters,
  type BuryOptions,
  type ConsumerInfo,
  type DeadLetter,
  type DeadLetterBatchOptions,
  type DeadLetterBatchResult,
  type DeadLetterFilter,
  type DeadLetterReplayOptions,
  type DeadLetterReplayResult,
  type DeadLetters,
  type DeclareGroupOptions,
  type DeleteQueueOptions,
  type Fingerprint,
  type FoundMessage,
  type GroupInfo,
  type InFlightInfo,
  type InFlightOptions,
  type ListOptions,
  type ListedQueue,
  type MendOptions,
  type MessagesOptions,
  type MessagesPage,
  type PastMessage,
  type PauseOptions,
  type Place,
  type ProcessInfo,
  type PurgeOptions,
  type Queue,
  type QueueInfo,
  type QueueSettings,
  type QueuedMessage,
  type QueuedState,
  type RemoveGroupOptions,
  type RemoveOptions,
  type RemovedFrom,
  type RemovedGroup,
  type ReplayOptions,
  type ReplayProgress,
  type NotedReplay,
  type ReplayResult,
  type SettleOptions,
  type SettledFrom,
  type SweepCounts,
  type Tracked,
} from './manage/index.js';
export {
  MESSAGE_LIMITS,
  displayPath,
  normalizePath,
  type BusyState,
  type ConsumingState,
  type DeadReason,
  type ErrorRecord,
  type ErrorSummary,
  type MessageHeaders,
  type MessageLimits,
  type ProcessState,
  type WebhookDelivery,
  type WebhookMessage,
} from './message/index.js';
export { HANDLE_DEFAULTS, type HandleOptions, type HandlerOptions } from './handler-options.js';
export {
  ENGINE_DEFAULTS,
  assertOptionNames,
  type EngineOptions,
  type LeanMQOptions,
} from './options.js';
export { known as assertKnownOptions, type ForeignNames } from './option-values.js';
export type {
  CancelOutcome,
  Durability,
  PublishItem,
  PublishManyResult,
  PublishOptions,
  PublishResult,
  Replication,
  Transaction,
  TransactionOptions,
} from './publish/index.js';
export {
  defineScript,
  listOf,
  oneOf,
  type CallOptions,
  type ConnectionRole,
  type RedisFactory,
  type RedisTarget,
  type Script,
  type ScriptArgument,
} from './redis/index.js';
export type {
  BatchHandler,
  BatchOptions,
  IdempotencyStore,
  OnceDecision,
  WebhookHandler,
} from './run/index.js';
export type { RateLimit, StartFrom } from './consume/index.js';
export type { CatchUp, Schedule, ScheduleSpec, Schedules } from './schedules/index.js';
export { BACKOFF_DEFAULTS, backoffMs, type Backoff, type BackoffAnswer } from './settle/index.js';
export type { Retention } from './sweep/index.js';
