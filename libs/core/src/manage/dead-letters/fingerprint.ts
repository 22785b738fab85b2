import type { ErrorSummary } from '../../message/index.js';
import type { DeadLetter } from './dead-letter.js';
import { maskedMessage } from './masked-message.js';
import { placeOf } from './stack-place.js';

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

/**
 * What a dead letter died of: the error's name, its code and status or those of its causes, where in the user's own code
 * it was thrown, and what it said, with all masked that differs from case to case. Without an error it is the reason.
 *
 * Where is told by the name of the function, or else of its file: lines and the names of bundles change with each build.
 * Pure.
 */
export function fingerprintOf({ reason, error }: Pick<DeadLetter, 'reason' | 'error'>): string {
  if (error === undefined) return reason;
  const place = placeOf(error.stack);
  const facts = [...new Set(factsOf(error))].map((fact) => ` ${fact}`).join('');
  const said = messagesOf(error).join(' < ');
  const where = place === undefined ? '' : ` at ${place}`;
  return `${error.name}${facts}${where}${said === '' ? '' : `: ${said}`}`;
}

/** Codes and statuses of the error, or else of the first of its causes that has some. */
function factsOf({ code, status, cause, errors }: ErrorSummary): (string | number)[] {
  const own = [code, status].filter((fact) => fact !== undefined && fact !== '');
  if (own.length > 0) return own as (string | number)[];
  for (const other of [...(cause === undefined ? [] : [cause]), ...(errors ?? [])]) {
    const theirs = factsOf(other);
    if (theirs.length > 0) return theirs;
  }
  return [];
}

/** What the error and its causes said. */
function messagesOf(error: ErrorSummary): string[] {
  const { cause, errors = [] } = error;
  const others = cause === undefined ? errors.slice(0, 1) : [cause];
  return [
    maskedMessage(error.message),
    ...others.flatMap((other) => {
      const [first = '', ...rest] = messagesOf(other);
      return [`${other.name}: ${first}`, ...rest];
    }),
  ];
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
