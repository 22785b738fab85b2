import { AbortedError, BrokerUnavailableError, type LeanMQError } from '../errors.js';
import { replyOf, withoutArguments } from '../redis/index.js';
import type { Batch, Unit } from './batch.js';
import { notReplicated } from './group-commit.js';

/** What is known of a send whose time is over while its batch has not been answered. */
export function overdue(unit: Unit, { confirmed, mayBeStored, lastFault }: Batch): LeanMQError {
  if (confirmed !== undefined) return notReplicated(unit, confirmed);
  // Only when every attempt was refused is it certain.
  return unavailable(mayBeStored ? 'unknown' : 'not-sent', lastFault);
}

const SAID = {
  unknown:
    'it is not known whether the message was stored; sending it again is safe only with the same "messageId"',
  'not-sent': 'the message was not sent',
};

/** What a caller is told who has aborted its signal. */
export function aborted(outcome: 'not-sent' | 'unknown', reason: unknown): AbortedError {
  return new AbortedError(`The signal was aborted: ${SAID[outcome]}.`, outcome, { cause: reason });
}

/** What a caller is told whose send Redis has not answered. */
export function unavailable(
  outcome: 'not-sent' | 'unknown',
  cause?: unknown,
): BrokerUnavailableError {
  const what = SAID[outcome];
  const refusal = replyOf(cause);
  const why =
    refusal === undefined
      ? 'Redis did not answer within "publishTimeoutMs", or the "timeoutMs" of the send'
      : `Redis refused for all of "publishTimeoutMs" (${refusal})`;
  return new BrokerUnavailableError(`${why}: ${what}.`, outcome, {
    cause: withoutArguments(cause),
  });
}
