export { Engine } from './engine.js';
export { healthOf, type Health } from './health.js';
export { managingOf } from './managing.js';
export type { PulledDelivery, ReceiveOptions, Settled } from './pulling.js';
export { Service, type Processed } from './service.js';
