/** States of a process: whether it consumes. */
export const CONSUMING_STATES = [
  'none',
  'starting',
  'running',
  'paused',
  'stopping',
  'stopped',
] as const;

/**
 * Whether a process consumes: `none` without a handler or before its first start, `paused` when all of its handlers are.
 */
export type ConsumingState = (typeof CONSUMING_STATES)[number];

/** How busy a consumer is on one queue, as it says itself with each heartbeat. */
export interface BusyState {
  /** Deliveries that run. */
  readonly running: number | undefined;
  /** Deliveries that may run at the same time; undefined for what is pulled. */
  readonly slots: number | undefined;
  /** When its last free slot was taken, or one became free for the last time, epoch ms; undefined while one is free. */
  readonly busySince: number | undefined;
  /** When it began to wait for a permit of its rate limit, epoch ms; undefined while it does not. */
  readonly permitSince: number | undefined;
}

/** What a process of a group says of itself. */
export interface ProcessState {
  readonly state: ConsumingState;
  /** Name of its consumer. */
  readonly consumer: string;
}

/** Reads what a consumer noted; an unknown form has no numbers. Pure. */
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

/** Reads the note of a process, `<until> <JSON>`; undefined when its time is over or its form unknown. Pure. */
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
    // Somebody else wrote it.
    return {};
  }
}
