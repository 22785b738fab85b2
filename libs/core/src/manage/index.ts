export type { DeadLetter } from './dead-letter.js';
export { DeadLetters, type ListOptions } from './dead-letters.js';
