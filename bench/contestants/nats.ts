import type { Contestant } from './contestant.js';
export const nats = {} as Contestant;
