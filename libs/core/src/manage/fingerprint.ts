import type { DeadLetter } from './dead-letter.js';

/** Dead letters that died of the same. */
export interface Fingerprint {
  /** Stands for all of them; a filter takes it. */
  readonly fingerprint: string;
  readonly count: number;
  /** When the first and the last of them died, epoch ms. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** Id of the latest one. */
  readonly sampleId: string;
  /** What the latest one's error said. */
  readonly sampleMessage: string | undefined;
}

const FOREIGN = /[\\/]node_modules[\\/]|\bnode:|<anonymous>|\bnative\b/;

/**
 * What a dead letter died of: the error's name and the first frame of its stack that is the user's own, with its line
 * and without its column, which a formatter or a compiler moves. Without an error it is the reason. Pure.
 */
export function fingerprintOf({ reason, error }: Pick<DeadLetter, 'reason' | 'error'>): string {
  if (error === undefined) return reason;
  const frame = ownFrame(error.stack);
  return frame === undefined ? error.name : `${error.name} at ${frame}`;
}

/** Groups dead letters as they come, the oldest first. */
export class Fingerprints {
  private readonly groups = new Map<string, Fingerprint>();

  add(letter: DeadLetter): void {
    const fingerprint = fingerprintOf(letter);
    const known = this.groups.get(fingerprint);
    this.groups.set(fingerprint, {
      fingerprint,
      count: (known?.count ?? 0) + 1,
      firstAt: known?.firstAt ?? letter.deadAt,
      lastAt: letter.deadAt,
      sampleId: letter.id,
      sampleMessage: letter.error?.message,
    });
  }

  /** The most frequent first. */
  get list(): Fingerprint[] {
    return [...this.groups.values()].toSorted((a, b) => b.count - a.count);
  }
}

function ownFrame(stack: string | undefined): string | undefined {
  for (const line of stack?.split('\n') ?? []) {
    const frame = /^\s+at (.+)$/.exec(line)?.[1];
    if (frame === undefined || FOREIGN.test(frame)) continue;
    return frame.replace(/(:\d+):\d+(\)?)$/, '$1$2');
  }
  return undefined;
}
