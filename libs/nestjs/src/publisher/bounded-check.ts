import { AbortedError, BrokerUnavailableError, type TransactionOptions } from '@leanmq/core';

/**
 * Limits the validation of a payload by the timeout and the signal of its send: a validator may query a database that does
 * not answer.
 *
 * @param defaultTimeoutMs for a send without its own timeout
 * @throws {BrokerUnavailableError | AbortedError} with the outcome `not-sent`
 */
export async function boundedCheck(
  check: Promise<void>,
  options: TransactionOptions | undefined,
  defaultTimeoutMs: number,
): Promise<void> {
  const { timeoutMs = defaultTimeoutMs, signal } = options ?? {};
  let end = (): void => undefined;
  const over = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(timedOut(timeoutMs)), timeoutMs);
    const onAbort = (): void => reject(aborted(signal?.reason));
    // The send refuses a value that is not a signal.
    const watched = signal instanceof AbortSignal ? signal : undefined;
    if (watched?.aborted === true) onAbort();
    watched?.addEventListener('abort', onAbort);
    end = () => {
      clearTimeout(timer);
      watched?.removeEventListener('abort', onAbort);
    };
  });
  try {
    await Promise.race([check, over]);
  } finally {
    end();
  }
}

function timedOut(timeoutMs: number): BrokerUnavailableError {
  return new BrokerUnavailableError(
    `The validation of the payload did not end within ${timeoutMs} ms: the message was not sent.`,
    'not-sent',
    { code: 'VALIDATION_TIMEOUT' },
  );
}

function aborted(reason: unknown): AbortedError {
  const message =
    'The signal was aborted while the payload was validated: the message was not sent.';
  return new AbortedError(message, 'not-sent', { cause: reason });
}
