import type { Contestant } from './contestant.js';
export const rabbitmq = {} as Contestant;
