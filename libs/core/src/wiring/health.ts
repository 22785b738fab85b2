import type { Engine } from './engine.js';
import type { Service } from './service.js';

/** How it is, at this moment. */
export interface Health {
  /** `up` when every connection is there and the readers read. */
  readonly status: 'up' | 'down' | 'closed';
  readonly connections: Readonly<Record<string, boolean>>;
  /** For each reader, how long it has been without a read that came back, ms; 0 while all its slots are busy or paused. */
  readonly readAgesMs: readonly number[];
  /** Deliveries held, running or waiting for their turn. */
  readonly inFlight: number;
  /** Sends without an answer. */
  readonly publishing: number;
}

/** A read that has been out for that many of its own waiting times is not coming back. */
const READ_OVERDUE = 3;

export function healthOf(
  { connections, options, publisher }: Engine,
  { readAges: readAgesMs, inFlightCount }: Service,
  isClosed: boolean,
): Health {
  const { states } = connections;
  const isReading = readAgesMs.every((age) => age < options.blockMs * READ_OVERDUE);
  const isUp = isReading && Object.values(states).every(Boolean);
  return {
    status: isClosed ? 'closed' : isUp ? 'up' : 'down',
    connections: states,
    readAgesMs,
    inFlight: inFlightCount,
    publishing: publisher.pending,
  };
}
