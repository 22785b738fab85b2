export {
  PUBLISHER_DEFAULTS,
  type PublishManyResult,
  type PublishOptions,
  type PublishResult,
  type PublisherOptions,
} from './options.js';
export { Publisher, type PublisherHooks } from './publisher.js';
export type { Transaction } from './transaction.js';
