import type { Outcome } from '../outcome.js';
import type { Sample, Trend } from './memory.js';

/** Result of a soak, as `--json` writes it. */
export interface SoakResult extends Outcome {
  readonly minutes: number;
  /** Messages per second. */
  readonly rate: number;
  /** Messages handled without a known acknowledgement. */
  readonly recovered: number;
  /** Bytes in use by Redis, and resident bytes of each process. */
  readonly memory: Readonly<Record<string, Trend>>;
  readonly samples: readonly Sample[];
}

export function describeSoak(result: SoakResult): string {
  const { messages, groups, minutes, rate, seed, duplicates, recovered } = result;
  const faults = Object.entries(result.faults).map(([kind, count]) => `${kind} ${count}`);
  const violations = Object.entries(result.violations).map(([name, count]) => `${name} ${count}`);
  return [
    '',
    `${messages} messages to ${groups} groups in ${minutes} min, ${rate}/s wanted, seed ${seed}`,
    `faults: ${faults.join(', ')}`,
    `handled again: ${duplicates}; not known to be accepted, and handled: ${recovered}`,
    'memory, median of the first and of the last third',
    ...Object.entries(result.memory).map(
      ([part, { first, last }]) =>
        `  ${part.padEnd(12)} ${megabytes(first)} → ${megabytes(last)} MB`,
    ),
    violations.length === 0 ? 'no violations' : `VIOLATIONS: ${violations.join(', ')}`,
    '',
  ].join('\n');
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1).padStart(7);
}
