export { Consumer, type ConsumerHooks } from './consumer.js';
export type { ConsumerContext } from './context.js';
export {
  CONSUMER_DEFAULTS,
  SUBSCRIPTION_DEFAULTS,
  type ConsumerOptions,
  type RateLimit,
  type StartFrom,
  type SubscriptionOptions,
} from './options.js';
export type { PassOptions } from './pass.js';
export { noteProcess } from './presence.js';
export { PullConsumer } from './pull-consumer.js';
export { Subscription } from './subscription.js';
