import type { Connection, Keys, Registry, ServerClock } from '../../redis/index.js';
import type { ConsumerOptions } from './options.js';

/** Values shared by all parts of a consumer. */
export interface ConsumerContext {
  readonly group: string;
  /** Name of the consumer, unique for each start of a process. */
  readonly consumer: string;
  readonly keys: Keys;
  readonly registry: Registry;
  readonly clock: ServerClock;
  readonly options: ConsumerOptions;
  /** Paths on which this process has joined its group. */
  readonly joined: Set<string>;
  /** Connection for all commands that do not block. */
  readonly command: Connection;
}
