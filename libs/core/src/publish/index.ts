export { cancelSend, type CancelOutcome } from './cancel.js';
export { replicationOf, type Durability, type Replication } from './durability.js';
export {
  PUBLISHER_DEFAULTS,
  type PublishManyResult,
  type PublishOptions,
  type PublishResult,
  type PublisherOptions,
  type TransactionOptions,
} from './options.js';
export { Publisher, type PublisherHooks } from './publisher.js';
export type { Tick } from './tick.js';
export type { Transaction } from './transaction.js';
