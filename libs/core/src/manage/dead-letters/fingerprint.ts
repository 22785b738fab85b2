import type { ErrorSummary } from '../../message/index.js';
import type { DeadLetter } from './dead-letter.js';
import { maskedMessage } from './masked-message.js';
import { placeOf } from './stack-place.js';

/** Group of dead letters with the same cause of death. */
export interface DeadLetterFingerprint {
  /** Text that identifies the group; filters accept it. */
  readonly fingerprint: string;
  readonly count: number;
  /** Time at which the first of them died, epoch ms. */
  readonly firstAt: number;
  /** Time at which the last of them died, epoch ms. */
  readonly lastAt: number;
  /** Id of the latest dead letter. */
  readonly sampleId: string;
  /** Error message of the latest dead letter. */
  readonly sampleMessage: string | undefined;
}

/**
 * Describes the cause of a dead letter: the error's name, its codes and statuses or those of its causes, the place in
 * application code where it was thrown, and its message with all case-specific parts masked. Without an error, returns
 * the reason. Pure.
 *
 * The place is the name of the function, or else of its file: line numbers and bundle names change with each build.
 */
export function fingerprintOf({ reason, error }: Pick<DeadLetter, 'reason' | 'error'>): string {
  if (error === undefined) return reason;
  const place = placeOf(error.stack);
  const facts = [...new Set(factsOf(error))].map((fact) => ` ${fact}`).join('');
  const said = messagesOf(error).join(' < ');
  const where = place === undefined ? '' : ` at ${place}`;
  return `${error.name}${facts}${where}${said === '' ? '' : `: ${said}`}`;
}

/** Returns codes and statuses of the error, or of the first of its causes that has any. */
function factsOf({ code, status, cause, errors }: ErrorSummary): (string | number)[] {
  const own = [code, status].filter((fact) => fact !== undefined && fact !== '');
  if (own.length > 0) return own as (string | number)[];
  for (const other of [...(cause === undefined ? [] : [cause]), ...(errors ?? [])]) {
    const theirs = factsOf(other);
    if (theirs.length > 0) return theirs;
  }
  return [];
}

/** Returns the messages of the error and its causes. */
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

/** Groups dead letters as they arrive, the oldest first. */
export class Fingerprints {
  private readonly groups = new Map<string, DeadLetterFingerprint>();

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

  /** Groups in descending order of frequency. */
  get list(): DeadLetterFingerprint[] {
    return [...this.groups.values()].toSorted((a, b) => b.count - a.count);
  }
}
