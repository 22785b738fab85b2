/** All consuming states of a process. */
export const CONSUMING_STATES = [
  'none',
  'starting',
  'running',
  'paused',
  'stopping',
  'stopped',
] as const;

/**
 * Consuming state of a process: `none` without a handler or before the first start, `paused` when all handlers are paused.
 */
export type ConsumingState = (typeof CONSUMING_STATES)[number];

/** Load of a consumer on one queue, as its heartbeats report it. */
export interface BusyState {
  /** Number of running deliveries. */
  readonly running: number | undefined;
  /** Number of deliveries that may run at the same time; undefined for pulled deliveries. */
  readonly slots: number | undefined;
  /** Latest time at which the last free slot was taken or a slot became free, epoch ms; undefined while a slot is free. */
  readonly busySince: number | undefined;
  /** Time since which the consumer waits for a permit of its rate limit, epoch ms; undefined when it does not wait. */
  readonly permitSince: number | undefined;
}

/** State of a process of a group, as the process itself reports it. */
export interface ProcessState {
  readonly state: ConsumingState;
  /** Name of its consumer. */
  readonly consumer: string;
}

/** Reads the note of a consumer; a note of unknown form yields no numbers. Pure. */
export function busyStateOf(note: string | undefined): BusyState {
  const noted = objectOf(note);
  const number = (name: keyof BusyState): number | undefined => {
    const value = noted[name];
    return typeof value === 'number' ? value : undefined;
  };
  return {
    running: number('running'),
    slots: number('slots'),
    busySince: number('busySince'),
    permitSince: number('permitSince'),
  };
}

/** Reads the note of a process, `<until> <JSON>`; undefined when the note has expired or its form is unknown. Pure. */
export function processStateOf(note: string, now: number): ProcessState | undefined {
  const at = note.indexOf(' ');
  if (at < 0 || !(Number(note.slice(0, at)) > now)) return undefined;
  const { state, consumer } = objectOf(note.slice(at + 1));
  const known = CONSUMING_STATES.find((each) => each === state);
  if (known === undefined || typeof consumer !== 'string') return undefined;
  return { state: known, consumer };
}

function objectOf(json: string | undefined): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(json ?? '{}')) as Record<string, unknown>;
  } catch {
    // A foreign tool wrote the note.
    return {};
  }
}
