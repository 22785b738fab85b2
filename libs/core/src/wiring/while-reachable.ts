import { performance } from 'node:perf_hooks';

import { AbortedError, BrokerUnavailableError, toError } from '../errors.js';
import { inOwnContext } from '../own-context.js';
import type { CallLimits, Connection } from '../redis/index.js';

const LOOK_MS = 100;

/**
 * Bounds work that lasts as long as its handlers: gives up when Redis has been unreachable for the time limit, or when
 * the signal is aborted. The signal passed to `work` is aborted then.
 *
 * @throws {BrokerUnavailableError | AbortedError} with outcome `unknown`
 */
export async function whileReachable<T>(
  connection: Connection,
  { timeoutMs, signal }: CallLimits,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const giveUp = new AbortController();
  let readyAt = performance.now();
  const look = (): void => {
    const now = performance.now();
    if (connection.ready) readyAt = now;
    else if (now - readyAt >= timeoutMs) giveUp.abort(away(connection, timeoutMs));
  };
  const onSignal = (): void => {
    const cause: unknown = signal?.reason;
    giveUp.abort(new AbortedError('The call was aborted by its signal.', 'unknown', { cause }));
  };
  const timer = inOwnContext(() => setInterval(look, Math.min(LOOK_MS, timeoutMs)));
  signal?.addEventListener('abort', onSignal);
  if (signal?.aborted === true) onSignal();
  try {
    return await new Promise<T>((resolve, reject) => {
      const end = (): void => reject(toError(giveUp.signal.reason));
      if (giveUp.signal.aborted) return end();
      giveUp.signal.addEventListener('abort', end);
      work(giveUp.signal).then(resolve, reject);
    });
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', onSignal);
  }
}

function away({ lastFault: cause }: Connection, timeoutMs: number): BrokerUnavailableError {
  const message = `Redis has been away for ${timeoutMs} ms (${cause?.message ?? 'no answer'}).`;
  return new BrokerUnavailableError(message, 'unknown', { cause });
}
