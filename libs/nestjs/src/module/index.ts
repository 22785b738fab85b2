export { LeanMQConnectionModule } from './connection.module.js';
export { HOOK_DISTANCE, placeModule } from './hook-order.js';
export { checkedOptions } from './module-options.js';
export { optionsProviders } from './options-provider.js';
