import type { Connection, Keys, Registry, ServerClock } from '../../redis/index.js';
import type { ConsumerOptions } from './options.js';

/** What all parts of a consumer share. */
export interface ConsumerContext {
  readonly group: string;
  /** Unique for each start of a process. */
  readonly consumer: string;
  readonly keys: Keys;
  readonly registry: Registry;
  readonly clock: ServerClock;
  readonly options: ConsumerOptions;
  /** Paths on which this process has joined its group. */
  readonly joined: Set<string>;
  /** For everything that does not block. */
  readonly command: Connection;
}
