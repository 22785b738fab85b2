export { Engine } from './engine.js';
export type { PulledDelivery, ReceiveOptions, Settled } from './pulling.js';
export { Service, type Processed } from './service.js';
