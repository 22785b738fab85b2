import { AbortedError, BrokerUnavailableError, type LeanMQError } from '../errors.js';
import { replyOf, withoutArguments } from '../redis/index.js';
import type { Batch, Unit } from './batch.js';
import { notReplicated } from './group-commit.js';

/** Makes the error of a send whose time limit passed before its batch had a reply. */
export function overdue(unit: Unit, { confirmed, mayBeStored, lastFault }: Batch): LeanMQError {
  if (confirmed !== undefined) return notReplicated(unit, confirmed);
  // The outcome is certain only if Redis refused every attempt.
  return unavailable(mayBeStored ? 'unknown' : 'not-sent', lastFault);
}

const SAID = {
  unknown:
    'it is not known whether the message was stored; sending it again is safe only with the same "messageId"',
  'not-sent': 'the message was not sent',
};

/** Makes the error for a caller that aborted its signal. */
export function aborted(outcome: 'not-sent' | 'unknown', reason: unknown): AbortedError {
  return new AbortedError(`The signal was aborted: ${SAID[outcome]}.`, outcome, { cause: reason });
}

/** Makes the error for a caller whose send has no reply. */
export function unavailable(
  outcome: 'not-sent' | 'unknown',
  cause?: unknown,
): BrokerUnavailableError {
  const what = SAID[outcome];
  const refusal = replyOf(cause);
  const why =
    refusal === undefined
      ? 'Redis did not reply within "publishTimeoutMs", or the "timeoutMs" of the send'
      : `Redis refused every attempt within "publishTimeoutMs" (${refusal})`;
  return new BrokerUnavailableError(`${why}: ${what}.`, outcome, {
    cause: withoutArguments(cause),
  });
}
