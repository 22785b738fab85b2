export { Puller, type PulledDelivery, type ReceiveOptions, type Settled } from './pulling.js';
export { buildScheduling, type Scheduling } from './scheduling.js';
export { buildConsumer, type ConsumingParts, type Registration } from './consuming.js';
