import { AbortedError, BrokerUnavailableError, toError } from '../errors.js';
import { LONGEST_MS, abortable, known, whole } from '../option-values.js';
import type { Connection } from './connection.js';
import { withoutArguments } from './faults.js';

/** Time limit and signal of a call. */
export interface CallOptions {
  /** Time limit of each command of the call, in ms. @default the option `commandTimeoutMs` */
  readonly timeoutMs?: number;
  /** Signal that aborts the call, which then rejects with an `AbortedError`. */
  readonly signal?: AbortSignal;
}

export interface CallLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** @throws {ConfigError} naming the option, the value given and the values allowed */
export function callLimits(options: CallOptions, defaultMs: number): CallLimits {
  known('a call', options, ['timeoutMs', 'signal']);
  return limitsOf(options, defaultMs);
}

/** Validates the limits of a call whose other options are validated elsewhere. */
export function limitsOf(
  { timeoutMs, signal }: { readonly [Name in keyof CallOptions]: CallOptions[Name] | undefined },
  defaultMs: number,
): CallLimits {
  if (timeoutMs !== undefined) whole('timeoutMs', timeoutMs, 1, LONGEST_MS);
  abortable(signal);
  return { timeoutMs: timeoutMs ?? defaultMs, signal };
}

/**
 * Returns a view of a connection whose `run` gives up within the limits instead of waiting indefinitely for Redis. A
 * command that was given up is not started later.
 */
export function boundedConnection(connection: Connection, limits: CallLimits): Connection {
  const view = Object.create(connection) as Connection;
  view.run = (command, signal) => {
    const progress: Progress = { isSent: false, fault: () => connection.lastFault };
    const noting = async (client: Parameters<typeof command>[0]) => {
      progress.isSent = true;
      try {
        return await command(client);
      } catch (error) {
        const fault = toError(withoutArguments(error));
        progress.fault = () => fault;
        throw error;
      }
    };
    return withinLimits(limits, progress, (given) =>
      connection.run(noting, signal === undefined ? given : AbortSignal.any([given, signal])),
    );
  };
  return view;
}

export interface Progress {
  /** True once Redis may have received a command. */
  isSent: boolean;
  /** Returns the latest fault, if one is known. */
  fault: () => Error | undefined;
}

/**
 * Runs work within the limits of a call.
 *
 * @throws {BrokerUnavailableError} once the time limit has passed, {AbortedError} once the signal was aborted; their
 * `outcome` tells whether Redis may have executed the command
 */
export async function withinLimits<T>(
  { timeoutMs, signal }: CallLimits,
  progress: Progress,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const outcome = (): 'unknown' | 'not-sent' => (progress.isSent ? 'unknown' : 'not-sent');
  const onTimeout = (): void => {
    const cause = progress.fault();
    const message = `Redis did not complete the call within ${timeoutMs} ms (${cause?.message ?? 'no reply'}).`;
    abort.abort(new BrokerUnavailableError(message, outcome(), { cause }));
  };
  const onSignal = (): void => {
    const cause: unknown = signal?.reason;
    abort.abort(new AbortedError('The call was aborted by its signal.', outcome(), { cause }));
  };
  const timer = setTimeout(onTimeout, timeoutMs);
  signal?.addEventListener('abort', onSignal);
  if (signal?.aborted === true) onSignal();
  try {
    return await new Promise<T>((resolve, reject) => {
      const giveUp = (): void => reject(toError(abort.signal.reason));
      if (abort.signal.aborted) return giveUp();
      abort.signal.addEventListener('abort', giveUp);
      work(abort.signal).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onSignal);
  }
}
