import { performance } from 'node:perf_hooks';

import { toError } from '../errors.js';
import { abortable } from '../option-values.js';

import type { TransactionOptions } from './options.js';
import { timeoutOf } from './send-options.js';
import { onAbort } from './signals.js';
import { aborted, unavailable } from './unanswered.js';

/**
 * Waits for the connection, within the time limit of the send that needs it.
 *
 * @returns the options of the send, with the rest of its time limit
 * @throws {BrokerUnavailableError | AbortedError} with the outcome `not-sent`
 */
export async function prepared<Options extends TransactionOptions>(
  prepare: () => Promise<void>,
  options: Options | undefined,
  defaultTimeoutMs: number,
): Promise<Options | undefined> {
  // The send itself refuses such options, with the names that it takes.
  if (options !== undefined && Object(options) !== options) return options;
  const { timeoutMs, signal } = options ?? {};
  const limitMs = timeoutOf(timeoutMs, defaultTimeoutMs);
  abortable(signal);
  const startedAt = performance.now();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => end(unavailable('not-sent')), limitMs);
    const ignore = signal && onAbort(signal, () => end(aborted('not-sent', signal.reason)));
    const end = (error?: unknown): void => {
      clearTimeout(timer);
      ignore?.();
      if (error === undefined) resolve();
      else reject(toError(error));
    };
    if (signal?.aborted === true) end(aborted('not-sent', signal.reason));
    prepare().then(() => end(), end);
  });
  if (options === undefined || timeoutMs === undefined) return options;
  const left = Math.floor(limitMs - (performance.now() - startedAt));
  return { ...options, timeoutMs: Math.max(1, left) };
}
