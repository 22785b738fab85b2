import type { Group, ProcessSettings } from '../setting.js';

export const PATH = 'chaos/soak';

export interface SoakPublisherSettings extends ProcessSettings {
  /** Index of the publisher, from 0. */
  readonly index: number;
  readonly perSecond: number;
  readonly forMs: number;
  /** File for the numbers of accepted messages; see `tally.ts`. */
  readonly tally: string;
}

export interface SoakConsumerSettings extends ProcessSettings {
  readonly group: Group;
  /** File for the numbers of handled messages. */
  readonly tally: string;
}

/** Message of the soak: a unique number, and text to the size of an ordinary payload. */
export interface SoakTask {
  readonly n: number;
  /** Throws at its first attempt. */
  readonly fails?: true;
  readonly text: string;
}
