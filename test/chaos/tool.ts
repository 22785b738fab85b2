import type { Programs } from './fleet.js';

/** Everything that the tool which built this program provides. */
export interface Tool {
  readonly words: readonly string[];
  readonly unsafeModes: readonly string[];
  /** Builds the programs of the fleet, with the named protection switched off. */
  build(unsafe: string | undefined): Promise<Programs>;
}
