import { BrokerUnavailableError, type LeanMQError } from '../errors.js';
import { replyOf, withoutArguments } from '../redis/index.js';
import type { Batch, Unit } from './batch.js';
import { notReplicated } from './group-commit.js';

/** What is known of a send whose time is over while its batch has not been answered. */
export function overdue(
  unit: Unit,
  { confirmed, uncertain, isOnItsWay, lastFault }: Batch,
): LeanMQError {
  if (confirmed !== undefined) return notReplicated(unit, confirmed);
  // Only when every attempt was refused is it certain.
  return unavailable(uncertain || isOnItsWay ? 'unknown' : 'not-sent', lastFault);
}

/** What a caller is told whose send Redis has not answered. */
export function unavailable(
  outcome: 'not-sent' | 'unknown',
  cause?: unknown,
): BrokerUnavailableError {
  const what =
    outcome === 'unknown'
      ? 'it is not known whether the message was stored; sending it again is safe only with the same "messageId"'
      : 'the message was not sent';
  const refusal = replyOf(cause);
  const why =
    refusal === undefined
      ? 'Redis did not answer within "publishTimeoutMs"'
      : `Redis refused for all of "publishTimeoutMs" (${refusal})`;
  return new BrokerUnavailableError(`${why}: ${what}.`, outcome, {
    cause: withoutArguments(cause),
  });
}
