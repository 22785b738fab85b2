import { consume } from './consume.js';
import { publish1, publish256 } from './publish.js';
import type { Work } from './work.js';

export * from './work.js';

/** In the order of the table. */
export const WORKS: readonly Work[] = [publish256, publish1, consume];
