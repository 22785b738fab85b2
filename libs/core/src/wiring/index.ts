export { buildConsumer, type Registration } from './consuming.js';
