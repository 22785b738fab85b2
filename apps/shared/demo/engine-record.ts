import type { EventListeners } from '@leanmq/core';

import { append } from './account.js';

/** What LeanMQ says that happened, in the words of its events. */
export interface EngineLine {
  readonly event: 'published' | 'acked' | 'retried' | 'deadLettered' | 'reclaimed';
  readonly path: string;
  /** Of a message; `reclaimed` only counts them. */
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
