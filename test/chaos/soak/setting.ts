import type { Group, ProcessSettings } from '../setting.js';

export const PATH = 'chaos/soak';

export interface SoakPublisherSettings extends ProcessSettings {
  /** Which of the publishers, 0 for the first. */
  readonly index: number;
  readonly perSecond: number;
  readonly forMs: number;
  /** Where it writes the numbers of what was accepted, see `tally.ts`. */
  readonly tally: string;
}

export interface SoakConsumerSettings extends ProcessSettings {
  readonly group: Group;
  /** Where it writes the numbers of what it has handled. */
  readonly tally: string;
}

/** A message of the soak: a number that no other has, and as much else as an ordinary payload holds. */
export interface SoakTask {
  readonly n: number;
  /** Throws at its first attempt. */
  readonly fails?: true;
  readonly text: string;
}
