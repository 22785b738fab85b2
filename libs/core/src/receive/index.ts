export { Consumer, type ConsumerHooks } from './consumer.js';
export type { ConsumerContext } from './context.js';
export {
  CONSUMER_DEFAULTS,
  SUBSCRIPTION_DEFAULTS,
  type ConsumerOptions,
  type StartFrom,
  type SubscriptionOptions,
} from './options.js';
export type { RateLimit } from './rate-limiter.js';
export { Subscription } from './subscription.js';
