export { Consumer, type ConsumerHooks } from './consumer.js';
export type { ConsumerContext } from './route/context.js';
export {
  CONSUMER_DEFAULTS,
  SUBSCRIPTION_DEFAULTS,
  type ConsumerOptions,
  type RateLimit,
  type StartFrom,
  type SubscriptionOptions,
} from './route/options.js';
export type { PassOptions } from './reading/pass-reader.js';
export { noteProcess } from './keeping/presence.js';
export { PullConsumer } from './pulling/pull-consumer.js';
export { Subscription } from './route/subscription.js';
