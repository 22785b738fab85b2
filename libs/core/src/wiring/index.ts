export { assertHandler } from './assert-handler.js';
export { Engine } from './engine.js';
export { healthOf, type HandlerHealth, type Health } from './health.js';
export { managingOf } from './managing.js';
export type { PulledDelivery, ReceiveOptions, Settled } from './pulling.js';
export type { RefusedCommand } from './refusals.js';
export { Service, type Processed } from './service.js';
