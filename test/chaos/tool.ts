import type { Programs } from './fleet.js';

/** What the tool that built this program provides. */
export interface Tool {
  readonly words: readonly string[];
  readonly unsafeModes: readonly string[];
  /** Builds the programs of the fleet, with a protection switched off if told. */
  build(unsafe: string | undefined): Promise<Programs>;
}
