import { AbortedError, BrokerUnavailableError, toError } from '../errors.js';
import { LONGEST_MS, abortable, known, whole } from '../option-values.js';
import type { Connection } from './connection.js';
import { withoutArguments } from './faults.js';

/** Limits of a call that somebody waits for. */
export interface CallOptions {
  /** Time limit of each command that the call needs, ms. @default the option `commandTimeoutMs` */
  readonly timeoutMs?: number;
  /** Gives the call up when aborted; it then rejects with an `AbortedError`. */
  readonly signal?: AbortSignal;
}

export interface CallLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** @throws {ConfigError} naming the option, what was given and what is allowed */
export function callLimits(options: CallOptions, defaultMs: number): CallLimits {
  known('a call', options, ['timeoutMs', 'signal']);
  return limitsOf(options, defaultMs);
}

/** The same for a call whose other options are looked at elsewhere. */
export function limitsOf(
  { timeoutMs, signal }: { readonly [Name in keyof CallOptions]: CallOptions[Name] | undefined },
  defaultMs: number,
): CallLimits {
  if (timeoutMs !== undefined) whole('timeoutMs', timeoutMs, 1, LONGEST_MS);
  abortable(signal);
  return { timeoutMs: timeoutMs ?? defaultMs, signal };
}

/**
 * The same connection for calls that somebody waits for: its `run` gives up in time instead of waiting for Redis as long
 * as it takes. What has been given up is not begun later.
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
  /** Whether Redis may have got a command. */
  isSent: boolean;
  /** What is in the way, as far as it is known. */
  fault: () => Error | undefined;
}

/**
 * @throws {BrokerUnavailableError} when the time has passed, {AbortedError} when the signal was aborted; their `outcome`
 * says whether Redis may have done it
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
    const message = `Redis did not do it within ${timeoutMs} ms (${cause?.message ?? 'no answer'}).`;
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
