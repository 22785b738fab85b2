import { abortable } from '../option-values.js';
import type { Unit } from './batch.js';
import { replicationOf, type Replication } from './durability.js';
import type { Lane } from './lane.js';
import type { TransactionOptions } from './options.js';
import { timeoutOf } from './send-options.js';
import { onAbort } from './signals.js';

/** Conditions of a send or a transaction, beside its messages. */
export interface Request {
  readonly replication: Replication | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Completes the options of a send with the defaults. Pure.
 *
 * @param plain request of a send without options
 * @throws {ConfigError} if a value is invalid
 */
export function requestOf(options: TransactionOptions, plain: Request): Request {
  const { durability, timeoutMs, signal } = options;
  if (durability === undefined && timeoutMs === undefined && signal === undefined) return plain;
  abortable(signal);
  return {
    replication: durability === undefined ? plain.replication : replicationOf(durability),
    timeoutMs: timeoutOf(timeoutMs, plain.timeoutMs),
    signal,
  };
}

/** Wraps a unit so that its lane gives it up when the signal is aborted. */
export function watched(unit: Unit, signal: AbortSignal, lane: Lane): Unit {
  const ignore = onAbort(signal, () => lane.withdraw(watching, signal.reason));
  const watching: Unit = {
    ...unit,
    resolve: (outcome) => {
      ignore();
      unit.resolve(outcome);
    },
    reject: (error) => {
      ignore();
      unit.reject(error);
    },
  };
  return watching;
}
