import type { EventListeners } from '@leanmq/core';

import { append } from './account.js';

/** One event as LeanMQ reported it. */
export interface EngineLine {
  readonly event: 'published' | 'acked' | 'retried' | 'deadLettered' | 'reclaimed';
  readonly path: string;
  /** Message id; absent for `reclaimed`, which only counts messages. */
  readonly id?: string;
  readonly outcome?: string;
  readonly count?: number;
  readonly pid: number;
}

/** Writes LeanMQ's events to a file, because counters in memory would die with a killed process. */
export function recordEvents(events: EventListeners, file: string | undefined): void {
  const write = (line: Omit<EngineLine, 'pid'>): void =>
    append(file, { ...line, pid: process.pid } satisfies EngineLine);
  events.on('published', ({ path, id, outcome }) =>
    write({ event: 'published', path, id, outcome }),
  );
  events.on('acked', ({ path, id }) => write({ event: 'acked', path, id }));
  events.on('retried', ({ path, id }) => write({ event: 'retried', path, id }));
  events.on('deadLettered', ({ path, id }) => write({ event: 'deadLettered', path, id }));
  events.on('reclaimed', ({ path, count }) => write({ event: 'reclaimed', path, count }));
}
