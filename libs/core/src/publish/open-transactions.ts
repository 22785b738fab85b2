import { AsyncLocalStorage } from 'node:async_hooks';

import { ConfigError } from '../errors.js';
import { onAbort } from './signals.js';
import type { CollectedTransaction, Transaction } from './transaction.js';
import { aborted } from './unanswered.js';

/** Runs the callbacks of transactions, and notices what is begun inside one without being part of it. */
export class OpenTransactions {
  private readonly context = new AsyncLocalStorage<CollectedTransaction>();
  /** The one whose callback is on the call stack. */
  private called: CollectedTransaction | undefined;
  private open = 0;
  private told = false;

  /** @param onStray a send or a transaction was begun in the course of a callback; told once */
  constructor(private readonly onStray: () => void) {}

  /** Whether a send is worth a closer look; asked for each. */
  get isAnyOpen(): boolean {
    return this.open > 0;
  }

  /**
   * Only a call by the callback itself is certainly nested. What runs in its asynchronous context may be another
   * request's, continued by a queue, a mutex or a loader of batches, and is told about, but not refused.
   *
   * @throws {ConfigError} if a callback that is running has called this
   */
  refuseNested(): void {
    if (this.called === undefined) return this.noteStray();
    throw new ConfigError(
      'A transaction cannot be begun inside another; send on the outer one (tx.send).',
      { code: 'TRANSACTION_NESTED' },
    );
  }

  /** Something is published that is not part of any transaction. */
  noteStray(): void {
    if (this.told || this.open === 0) return;
    const isInside = this.called !== undefined || this.context.getStore()?.isOpen === true;
    if (!isInside) return;
    this.told = true;
    this.onStray();
  }

  /**
   * Resolves when the callback has ended, and what it has sent is complete.
   *
   * @throws what the callback throws
   * @throws {AbortedError} if the signal is aborted first
   * @throws {TransactionTooLargeError} if the transaction is too large, also when the callback has caught that
   */
  async collect(
    transaction: CollectedTransaction,
    build: (tx: Transaction) => void | Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    this.refuseNested();
    this.open += 1;
    try {
      const ended = this.call(transaction, build);
      await (signal === undefined ? ended : unlessAborted(ended, signal));
    } finally {
      this.open -= 1;
      transaction.seal();
    }
    transaction.assertWhole();
  }

  private call(
    transaction: CollectedTransaction,
    build: (tx: Transaction) => void | Promise<void>,
  ): void | Promise<void> {
    this.called = transaction;
    try {
      return this.context.run(transaction, () => build(transaction));
    } finally {
      this.called = undefined;
    }
  }
}

async function unlessAborted(ended: void | Promise<void>, signal: AbortSignal): Promise<void> {
  let ignore = (): void => undefined;
  const abort = new Promise<never>((_, reject) => {
    const stop = (): void => reject(aborted('not-sent', signal.reason));
    if (signal.aborted) stop();
    else ignore = onAbort(signal, stop);
  });
  try {
    await Promise.race([ended, abort]);
  } finally {
    ignore();
  }
}
