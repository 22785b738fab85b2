export { cancelSend, type CancelOutcome } from './cancel.js';
export type { Durability, Replication } from './durability.js';
export {
  PUBLISHER_DEFAULTS,
  validPublisher,
  type PublishItem,
  type PublishManyResult,
  type PublishOptions,
  type PublishResult,
  type PublisherOptions,
  type TransactionOptions,
} from './options.js';
export { prepared } from './prepared.js';
export { Publisher, type PublisherHooks } from './publisher.js';
export type { Tick } from './tick.js';
export type { Transaction } from './transaction.js';
