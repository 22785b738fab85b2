import type { ContestantName } from '../contestants/index.js';
import type { Reading, Size } from '../works/index.js';

/** Task that a process is started for. */
export interface Task {
  readonly work: string;
  readonly role: string;
  readonly contestant: ContestantName;
  readonly size: Size;
  readonly url: string;
  readonly serverPid: number;
  /** Receives the CPU profile of what is measured. */
  readonly profile?: string;
}

/** From the process to the one that started it. */
export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly reading: Reading }
  | { readonly kind: 'failed'; readonly stack: string };

/** To the process. */
export const STOP = 'stop';
