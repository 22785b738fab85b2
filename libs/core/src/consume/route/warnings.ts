import { displayPath } from '../../message/index.js';

/** Problem that an operator should know about, but that stops nothing. */
export interface Warning {
  readonly code: string;
  readonly message: string;
}

export function stalled(stalledMs: number, leaseMs: number): Warning {
  return {
    code: 'EVENT_LOOP_STALLED',
    message: `The event loop or the process stood still for ${Math.round(stalledMs)} ms, longer than the lease of ${leaseMs} ms; its deliveries may have been taken over and may run twice. Move long computations elsewhere, or raise "leaseMs".`,
  };
}

export function clockStepped(stepMs: number): Warning {
  const by = Math.round(Math.abs(stepMs) / 1_000);
  const what =
    stepMs < 0
      ? 'leases start again; delayed messages and times to live are late by as much'
      : 'delayed messages and expiries are early by as much, and a rate limit may be exceeded once';
  return {
    code: 'SERVER_CLOCK_STEPPED',
    message: `The clock of the Redis server was set ${stepMs < 0 ? 'back' : 'ahead'} by ${by} s: ${what}.`,
  };
}

export function notAlone(paths: readonly string[]): Warning {
  const shown = paths.map((path) => `"${displayPath(path)}"`).join(', ');
  return {
    code: 'SUSPECT_NOT_ALONE',
    message: `Messages of ${shown} that were in several crashes run beside other handlers, because these did not end in time; a crash now may be blamed on the wrong message.`,
  };
}
